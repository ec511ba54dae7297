using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports.Charts;

/// <summary>
/// What all charts are drawn with. Charts have no view box: across they are measured in shares of the page's width, down in pixels, so that on a telephone they are narrower
/// and their words stay as large as they are.
/// </summary>
internal static class Marks
{
    /// <summary>A chart.</summary>
    /// <param name="page">The page.</param>
    /// <param name="height">Its height in pixels.</param>
    /// <param name="label">What it shows, for those who can't see it.</param>
    /// <param name="content">Draws it.</param>
    public static void Chart(HtmlWriter page, double height, string label, Action content) =>
        page.In("svg", content, ("class", "chart"), ("width", "100%"), ("height", Scale.Pixels(height)), ("role", "img"), ("aria-label", label));

    public static void Line(HtmlWriter page, string style, string x1, double y1, string x2, double y2, string? title = null) =>
        page.Shape("line", title, ("class", style), ("x1", x1), ("y1", Scale.Pixels(y1)), ("x2", x2), ("y2", Scale.Pixels(y2)));

    public static void Box(HtmlWriter page, string style, double from, double to, double y, double height, string? title = null) =>
        page.Shape("rect", title, ("class", style), ("x", Scale.Percent(from)), ("y", Scale.Pixels(y)), ("width", Scale.Percent(Math.Max(0, to - from))), ("height", Scale.Pixels(height)));

    public static void Text(HtmlWriter page, string text, string x, double y, string style = "", string anchor = "start") =>
        page.Element("text", text, ("class", style.Length > 0 ? style : null), ("x", x), ("y", Scale.Pixels(y)), ("text-anchor", anchor == "start" ? null : anchor));

    /// <summary>A point, in the shape of its verdict, with something around it that a finger can hit.</summary>
    public static void Point(HtmlWriter page, string style, Verdict verdict, string x, double y, string title) => page.In(
        "svg",
        () =>
        {
            page.Element("title", title);
            page.Shape("circle", null, ("class", "hit"), ("r", "11"));
            switch (verdict)
            {
                case Verdict.Regression:
                    page.Shape("path", null, ("d", "M0 -6L5.5 4.5L-5.5 4.5Z"));
                    break;
                case Verdict.Environment:
                    page.Shape("path", null, ("d", "M-4.5 -4.5H4.5V4.5H-4.5Z"));
                    break;
                case Verdict.Inconclusive:
                    page.Shape("path", null, ("d", "M0 -6L6 0L0 6L-6 0Z"));
                    break;
                default:
                    page.Shape("circle", null, ("r", "4.5"));
                    break;
            }
        },
        ("class", $"point {style}"), ("x", x), ("y", Scale.Pixels(y)), ("width", "1"), ("height", "1"));

    /// <summary>The axis below: round values, with the unit at the last.</summary>
    public static void Axis(HtmlWriter page, Scale scale, double top, double bottom, string unit = "ms")
    {
        IReadOnlyList<double> ticks = scale.Ticks();
        for (int i = 0; i < ticks.Count; i++)
        {
            string x = scale.X(ticks[i]);
            Line(page, "grid", x, top, x, bottom);
            double at = scale.At(ticks[i]);
            Text(page, $"{ReportText.Limit(ticks[i])}{(i == ticks.Count - 1 ? $" {unit}" : "")}", x, bottom + 14, "axis", at > 0.92 || (i == ticks.Count - 1 && at > 0.6) ? "end" : at < 0.04 ? "start" : "middle");
        }
    }

    /// <summary>Heights at least so far apart, in the order and near to where they are wanted.</summary>
    public static double[] Apart(IReadOnlyList<double> wanted, double least, double top)
    {
        var heights = new double[wanted.Count];
        double last = double.NegativeInfinity;
        foreach (int i in Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i]))
        {
            heights[i] = Math.Max(Math.Max(wanted[i], top), last + least);
            last = heights[i];
        }

        return heights;
    }
}
