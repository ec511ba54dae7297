using System.Text;

namespace Orchestrator.Regression.Reports;

/// <summary>Writes HTML and the SVG in it. All text and every attribute's value is escaped; names of elements and attributes are this program's own.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder _text = new();

    /// <summary>An element with others in it.</summary>
    public void In(string tag, Action content, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(tag, attributes);
        content();
        _text.Append("</").Append(tag).Append('>');
        if (tag is "section" or "div" or "table" or "tr" or "p" or "svg" or "details" or "figure" or "header" or "ul" or "li" or "dl" or "head")
        {
            _text.Append('\n');
        }
    }

    /// <summary>An element with text in it.</summary>
    public void Element(string tag, string text, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(tag, attributes);
        Text(text);
        _text.Append("</").Append(tag).Append('>');
    }

    /// <summary>An element that never has anything in it, such as <c>meta</c>.</summary>
    public void Void(string tag, params ReadOnlySpan<(string Name, string? Value)> attributes) => Open(tag, attributes);

    /// <summary>A shape of SVG, which closes itself, with what is shown when it is pointed at.</summary>
    public void Shape(string tag, string? title, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(tag, attributes);
        if (title is not null)
        {
            Element("title", title);
        }

        _text.Append("</").Append(tag).Append('>');
    }

    public void Text(string text) => Escape(ReportText.Clean(text));

    /// <summary>This program's own files, as they are.</summary>
    public void Verbatim(string asset) => _text.Append(asset);

    public override string ToString() => _text.ToString();

    private void Open(string tag, ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        _text.Append('<').Append(tag);
        foreach ((string name, string? value) in attributes)
        {
            if (value is not null)
            {
                _text.Append(' ').Append(name).Append("=\"");
                Escape(ReportText.Clean(value));
                _text.Append('"');
            }
        }

        _text.Append('>');
    }

    private void Escape(string text)
    {
        foreach (char c in text)
        {
            _ = c switch
            {
                '&' => _text.Append("&amp;"),
                '<' => _text.Append("&lt;"),
                '>' => _text.Append("&gt;"),
                '"' => _text.Append("&quot;"),
                '\'' => _text.Append("&#39;"),
                _ => _text.Append(c),
            };
        }
    }
}
