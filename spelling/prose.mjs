/** A block tag, with the type that JSDoc gives and the name that belongs to it. */
const TAG = /^@[a-z]+\s*(?:\{.*\})?\s*(?:(?<=@(?:param|throws|see|since)\b.*)(?!<)\S+)?\s*/;

/**
 * The comments of a Java or JavaScript source as lines of Markdown, each with its number in the source. What is code is put in
 * backquotes, and a paragraph ends where a comment or a tag does.
 */
export function comments(source) {
  const lines = [];
  const end = () => lines.push({ text: "", number: 0 });
  let inComment = false;
  let inPre = false;
  let inLine = false;
  hideBraces(source)
    .split("\n")
    .forEach((line, index) => {
      let text;
      if (inComment) {
        text = line.replace(/^\s*\*(?!\/) ?/, "");
      } else {
        const start = /(?:^|\s)(\/\*\*?|\/\/)(?:\s|$)/.exec(line);
        if (!start) {
          inLine = false;
          end();
          return;
        }
        const code = line.slice(0, start.index).trim() !== "";
        text = line.slice(start.index + start[0].length);
        if (start[1] === "//") {
          if (code || !inLine) {
            end();
          }
          inLine = !code;
          lines.push({ text: markdown(text), number: index + 1 });
          return;
        }
        end();
        inComment = true;
      }
      const last = text.indexOf("*/");
      if (last >= 0) {
        text = text.slice(0, last);
        inComment = false;
      }
      if (/<pre\b/.test(text)) {
        inPre = true;
      }
      const block = TAG.exec(text);
      if (block || /^\s*<(?:p|li|h\d|tr|td|ul|ol|table)\b/.test(text)) {
        end();
      }
      if (!inPre) {
        lines.push({ text: markdown(block ? text.slice(block[0].length) : text), number: index + 1 });
      }
      if (/<\/pre>/.test(text)) {
        inPre = false;
        end();
      }
      if (!inComment) {
        end();
      }
    });
  return lines;
}

/** An inline tag may go over a line break; here each becomes backquoted text on every line that it has a part of. */
function hideBraces(source) {
  return source.replace(/\{@(code|link|linkplain|literal|value)\s+([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}/g, (all, tag, inside) => {
    const words = inside.split(/\s*\n\s*\*?\s*/);
    const shown = tag.startsWith("link") && words.join(" ").includes(" ") ? words.join("\n * ").replace(/^\S+\s+/, "") : null;
    return shown ?? words.map((part) => (part ? "`" + part + "`" : "")).join("\n * ");
  }).replace(/\{@return\s+([^{}]*)\}/g, "Returns $1.");
}

function markdown(text) {
  return text
    .replace(/\{[^{}]*\}/g, "`…`")
    .replace(/<code>(.*?)<\/code>/g, "`$1`")
    .replace(/<\/?[a-z][^>]*>/g, " ")
    .replace(/&lt;/g, "<")
    .trim();
}
