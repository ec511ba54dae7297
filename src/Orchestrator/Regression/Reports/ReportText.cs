using System.Globalization;
using System.Text;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>Words, signs and numbers as all reports write them, whatever the machine's language.</summary>
internal static class ReportText
{
    private const char Replacement = '\uFFFD';

    /// <summary>A sign for a verdict: colours alone don't reach every reader, or printer.</summary>
    public static string Sign(Verdict verdict) => verdict switch
    {
        Verdict.Regression => "▲",
        Verdict.Environment => "■",
        Verdict.Inconclusive => "◆",
        _ => "●",
    };

    /// <summary>The heading of a verdict.</summary>
    public static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Regression => "Regression",
        Verdict.Environment => "Environment broken",
        Verdict.Inconclusive => "Inconclusive",
        _ => "Passed",
    };

    /// <summary>The verdict as <c>run.json</c> has it: <c>environment</c>.</summary>
    public static string Code(Verdict verdict) => verdict switch
    {
        Verdict.Regression => "regression",
        Verdict.Environment => "environment",
        Verdict.Inconclusive => "inconclusive",
        _ => "passed",
    };

    /// <summary>What to do about a verdict.</summary>
    public static string Advice(Verdict verdict) => verdict switch
    {
        Verdict.Regression => "The system under test takes longer. Hold the build, look at the phase that grew; if it is meant to be so, accept a new baseline with the reason.",
        Verdict.Environment => "This says nothing about the build. Mend what is named here, then run the plan again.",
        Verdict.Inconclusive => "Measured, but not well enough to tell. Run the plan again; if it stays so, more repetitions or clocks that agree better will decide.",
        _ => "Within the limits, and no worse than before.",
    };

    /// <summary>Milliseconds, without the unit: <c>12.34</c>, <c>123.4</c>.</summary>
    public static string Number(double ms) =>
        !double.IsFinite(ms) ? "–" : Plain(Math.Abs(ms) >= 99.995 ? ms.ToString("0.0", CultureInfo.InvariantCulture) : ms.ToString("0.00", CultureInfo.InvariantCulture));

    /// <summary>Milliseconds that may be unknown.</summary>
    public static string Number(double? ms) => ms is { } known ? Number(known) : "–";

    /// <summary>A difference in milliseconds, with its sign.</summary>
    public static string Signed(double ms) => ms > 0 && double.IsFinite(ms) ? $"+{Number(ms)}" : Number(ms);

    /// <summary>Milliseconds with their doubt and the unit: <c>87.68 ± 1.61 ms</c>.</summary>
    public static string WithDoubt(double ms, double? uncertainty) => uncertainty is { } doubt ? $"{Number(ms)} ± {Number(doubt)} ms" : $"{Number(ms)} ms, of unknown uncertainty";

    /// <summary>A whole limit, as short as it can be said: <c>1000</c>, <c>62.5</c>.</summary>
    public static string Limit(double ms) => double.IsFinite(ms) ? Plain(ms.ToString("0.###", CultureInfo.InvariantCulture)) : "–";

    public static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A share: <c>0.4 %</c>.</summary>
    public static string Probability(double p) => p < 0.0001 ? "< 0.0001" : p.ToString("0.####", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A time of day to the microsecond, the resolution of QEMU's stamps.</summary>
    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    public static string Duration(TimeSpan length) => length switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalHours} h {length.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{length.Minutes} min {length.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.0} s"),
    };

    /// <summary>Seconds, as XML wants them.</summary>
    public static string Seconds(double ms) => double.IsFinite(ms) ? (Math.Max(0, ms) / 1000).ToString("0.000000", CultureInfo.InvariantCulture) : "0";

    /// <summary>One thing, or several: <c>1 scenario</c>, <c>3 scenarios</c>.</summary>
    public static string Several(int count, string what) => $"{Count(count)} {what}{(count == 1 ? "" : "s")}";

    /// <summary>
    /// Text that any document may hold: what no XML, HTML or terminal takes is shown as an escape, as are the characters that turn the order of what follows them, with which a
    /// name could pretend to be another one.
    /// </summary>
    public static string Clean(string text)
    {
        if (text.All(IsPlain))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                clean.Append(c).Append(text[++i]);
            }
            else if (char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF')
            {
                clean.Append(Replacement);
            }
            else if (IsPlain(c))
            {
                clean.Append(c);
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            }
        }

        return clean.ToString();
    }

    /// <summary>The same in one line.</summary>
    public static string Line(string text) => Clean(text.ReplaceLineEndings(" ").Replace('\t', ' '));

    private static bool IsPlain(char c) =>
        c is '\n' or '\t' || !(char.IsControl(c) || char.IsSurrogate(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\uFFFE' or '\uFFFF');

    // A hyphen is no minus where numbers stand in columns; and nothing is minus nothing.
    private static string Plain(string number) => number.TrimStart('-').All(c => c is '0' or '.') ? number.TrimStart('-') : number.Replace('-', '−');
}
