package dev.hardening.example;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.AttributeProvider;
import org.commonmark.renderer.html.HtmlRenderer;
import org.commonmark.renderer.text.TextContentRenderer;

/** The project's documentation, from its Markdown. */
final class Docs {

    private static final Pattern NAME = Pattern.compile("[a-z-]+");
    private static final Pattern PICTURE = Pattern.compile("pictures/([a-z-]+\\.svg)");
    private static final Pattern OTHER_PAGE = Pattern.compile("([a-z-]+)\\.md(#.*)?");
    private static final List<Extension> TABLES = List.of(TablesExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(TABLES).build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder()
            .extensions(TABLES)
            .escapeHtml(true)
            .attributeProviderFactory(context -> new HeadingIds())
            .build();
    private static final String PAGE = """
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <title>%s</title>
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="color-scheme" content="light dark">
              <link rel="icon" href="/favicon.svg" type="image/svg+xml">
              <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <main class="doc">
            <p><a href="/">Focus Squad</a></p>
            %s</main>
            </body>
            </html>
            """;

    private Docs() {}

    static void answer(Context context) throws IOException {
        String name = context.pathParam("page");
        if (!NAME.matcher(name).matches()) {
            throw Problem.NOT_FOUND.thrown();
        }
        try (InputStream in = Docs.class.getResourceAsStream("/docs/" + name + ".md")) {
            if (in == null) {
                throw Problem.NOT_FOUND.thrown();
            }
            Node document = PARSER.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            Links links = new Links();
            document.accept(links);
            context.html(PAGE.formatted(links.title, RENDERER.render(document)));
        }
    }

    /** A picture of a page. */
    static void picture(Context context) throws IOException {
        String path = "pictures/" + context.pathParam("picture");
        if (!PICTURE.matcher(path).matches()) {
            throw Problem.NOT_FOUND.thrown();
        }
        try (InputStream in = Docs.class.getResourceAsStream("/docs/" + path)) {
            if (in == null) {
                throw Problem.NOT_FOUND.thrown();
            }
            context.contentType("image/svg+xml").result(in.readAllBytes());
        }
    }

    /** Gives each heading of a page the id that links to it have on GitHub. */
    private static final class HeadingIds implements AttributeProvider {

        private final Set<String> given = new HashSet<>();

        @Override
        public void setAttributes(Node node, String tagName, Map<String, String> attributes) {
            if (node instanceof Heading) {
                String id = TextContentRenderer.builder()
                        .build()
                        .render(node)
                        .strip()
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N}\\s_-]", "")
                        .replaceAll("\\s", "-");
                String unique = id;
                for (int number = 1; !given.add(unique); number++) {
                    unique = id + "-" + number;
                }
                attributes.put("id", unique);
            }
        }
    }

    /**
     * Turns links to other pages into this server's, and those that leave the folder into text; leaves comments out, says
     * what the source of a diagram is, and finds the title.
     */
    private static final class Links extends AbstractVisitor {
        private String title = "Focus Squad";

        @Override
        public void visit(Heading heading) {
            if (heading.getLevel() == 1 && heading.getFirstChild() instanceof Text text) {
                title = text.getLiteral();
            }
            visitChildren(heading);
        }

        @Override
        public void visit(HtmlBlock html) {
            if (html.getLiteral().startsWith("<!--")) {
                html.unlink();
            }
        }

        @Override
        public void visit(FencedCodeBlock code) {
            if ("mermaid".equals(code.getInfo())) {
                Paragraph caption = new Paragraph();
                caption.appendChild(new Text("A diagram, as its source in Mermaid:"));
                code.insertBefore(caption);
            }
        }

        @Override
        public void visit(Image image) {
            if (PICTURE.matcher(image.getDestination()).matches()) {
                image.setDestination("/docs/" + image.getDestination());
            }
        }

        @Override
        public void visit(Link link) {
            visitChildren(link);
            Matcher other = OTHER_PAGE.matcher(link.getDestination());
            if (other.matches()) {
                link.setDestination("/docs/" + other.group(1) + (other.group(2) == null ? "" : other.group(2)));
            } else if (!link.getDestination().matches("(https?:|#).*")) {
                while (link.getFirstChild() != null) {
                    link.insertBefore(link.getFirstChild());
                }
                link.unlink();
            }
        }
    }
}
