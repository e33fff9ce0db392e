package dev.hardening.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class BarsTest {

    private static final Section SECTION = new Section("a library", "ms");

    static {
        SECTION.row("**Hardening**", 50.0);
        SECTION.row("Nimbus `JWKSourceBuilder`", 2_500.0);
        SECTION.row("a map", 0L);
    }

    private static NodeList elements(String svg, String name) throws Exception {
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        return document.getElementsByTagName(name);
    }

    @Test
    void aBarIsAsLongAsItsFigure() throws Exception {
        String svg = new Bars("title")
                .panel("", SECTION, row -> Section.parse(row.get(1)))
                .svg();
        NodeList bars = elements(svg, "rect");
        assertThat(bars.getLength()).isEqualTo(3);
        double ours = Double.parseDouble(((Element) bars.item(0)).getAttribute("width"));
        double theirs = Double.parseDouble(((Element) bars.item(1)).getAttribute("width"));
        assertThat(theirs / ours).isBetween(49.0, 51.0);
    }

    @Test
    void eachBarSaysItsNameAndFigure() throws Exception {
        String svg = new Bars("title")
                .panel("ES256", SECTION, row -> Section.parse(row.get(1)))
                .svg();
        NodeList texts = elements(svg, "text");
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < texts.getLength(); i++) {
            all.append(texts.item(i).getTextContent()).append('|');
        }
        assertThat(all).hasToString("title|ES256|Hardening|50.0|Nimbus JWKSourceBuilder|2,500|a map|0|");
    }

    @Test
    void aTableOfNoughtsIsDrawn() throws Exception {
        String svg = new Bars("title").panel("", SECTION, row -> 0).svg();
        assertThat(svg).doesNotContain("NaN");
        assertThat(elements(svg, "rect").getLength()).isEqualTo(3);
    }
}
