using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Reports;

/// <summary>The page, in a real browser. With ORCHESTRATOR_SCREENSHOTS=DIR the pictures are kept, to be looked at.</summary>
public sealed partial class HtmlReportTests
{
    private const int Desktop = 1280;
    private const int Telephone = 390;

    private Chromium _browser = null!;
    private string _folder = null!;

    private static IEnumerable<TestCaseData> Samples => RunSamples.All.Select(sample => new TestCaseData(sample.Name, sample.Make).SetArgDisplayNames(sample.Name));

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = Directory.CreateTempSubdirectory("report-").FullName;
        _browser = await Chromium.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [TestCaseSource(nameof(Samples))]
    public async Task A_page_shows_itself_whole_without_a_complaint_on_a_desk_and_on_a_telephone(string name, Func<ReportInput> make)
    {
        await using Chromium.Page page = await OpenAsync(name, make(), Desktop);
        await KeepAsync(page, $"{name}-desktop");
        Assert.That(await OverflowAsync(page), Is.Empty);
        Assert.That(await ChartFaultsAsync(page), Is.Empty);

        await page.ResizeAsync(Telephone, 844);
        await KeepAsync(page, $"{name}-telephone");
        Assert.That(await OverflowAsync(page), Is.Empty);
        Assert.That(await ChartFaultsAsync(page), Is.Empty);

        Assert.That(page.Complaints, Is.Empty);
        Assert.That(page.Requests, Is.Empty);
    }

    [Test]
    public async Task Every_chart_is_drawn_in_more_than_one_colour()
    {
        await using Chromium.Page page = await OpenAsync("pixels", RunSamples.Regression(), Desktop);
        JsonArray boxes = JsonNode.Parse((string)(await page.EvaluateAsync("""
            JSON.stringify([...document.querySelectorAll('svg.chart')].filter(chart => chart.checkVisibility())
                .map(chart => chart.getBoundingClientRect()).map(box => ({ x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height })))
            """))!)!.AsArray();
        Assert.That(boxes, Has.Count.GreaterThan(8));
        foreach (JsonNode? box in boxes)
        {
            byte[] png = await page.ScreenshotAsync(box!.DeepClone().AsObject());
            Assert.That(await ColoursAsync(png), Is.GreaterThan(5), box.ToJsonString());
        }
    }

    [Test]
    public async Task A_pointer_over_an_event_shows_its_stamps()
    {
        await using Chromium.Page page = await OpenAsync("hover", RunSamples.Passed(), Desktop);
        JsonNode place = JsonNode.Parse((string)(await page.EvaluateAsync("""
            (async () => { const mark = [...document.querySelectorAll('[data-tip^="STOP "]')].find(mark => mark.checkVisibility() && mark.querySelector('rect'));
              const before = scrollY, scrolled = new Promise(done => addEventListener('scroll', () => setTimeout(done), { once: true }));
              mark.scrollIntoView({ block: 'center', behavior: 'instant' });
              if (scrollY !== before) await scrolled; // which hides what is shown
              const box = mark.querySelector('rect').getBoundingClientRect(); return JSON.stringify({ x: box.x + box.width / 2, y: box.y + box.height / 2 }); })()
            """))!)!;
        await page.CallAsync("Input.dispatchMouseEvent", new() { ["type"] = "mouseMoved", ["x"] = place["x"]!.DeepClone(), ["y"] = place["y"]!.DeepClone() });
        string shown = (string)(await page.EvaluateAsync("document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent"))!;

        // As it stands in the recorded migration: its offset and its time on our clock.
        Assert.That(shown, Does.StartWith("STOP · lab-a (qmp) · ").And.Contain("on our clock").And.Contain("on the host's"));
        Assert.That(shown, Does.Match(@"\d\d:\d\d:\d\d\.\d{6} on our clock"));
        await KeepAsync(page, "hover", whole: false);
    }

    [Test]
    public async Task Nothing_that_came_with_a_name_runs_or_becomes_an_element()
    {
        await using Chromium.Page page = await OpenAsync("injection", RunSamples.HostileNames(), Desktop);

        Assert.That((int)(await page.EvaluateAsync("document.scripts.length"))!, Is.EqualTo(1));
        Assert.That((string)(await page.EvaluateAsync("document.querySelector('h1').textContent"))!, Is.EqualTo(RunSamples.Hostile.Replace("\u202E", "\\x202e", StringComparison.Ordinal).Replace("\u0001", "\\x01", StringComparison.Ordinal)));
        Assert.That((int)(await page.EvaluateAsync("[...document.querySelectorAll('a[href]')].filter(link => !link.getAttribute('href').startsWith('#')).length"))!, Is.Zero);
    }

    [Test]
    public async Task A_script_that_got_into_the_page_would_not_run()
    {
        string html = RunReports.Write(ReportFormat.Html, RunSamples.Passed()).Replace("<main>", "<main><script>document.title = 'taken'</script>", StringComparison.Ordinal);
        await using Chromium.Page page = await OpenAsync("policy", html, Desktop);

        Assert.That((string)(await page.EvaluateAsync("document.title"))!, Does.StartWith("● Passed"));
        Assert.That(page.Complaints, Has.Some.Contains("Content Security Policy"));
    }

    [Test]
    public async Task Dark_is_dark_and_every_word_stands_out_in_both()
    {
        foreach (bool dark in new[] { false, true })
        {
            await using Chromium.Page page = await OpenAsync(dark ? "dark" : "light", RunSamples.Regression(), Desktop, dark);
            await KeepAsync(page, dark ? "dark-desktop" : "light-desktop");

            // WCAG's contrast of each text against what lies behind it; 4.5 is its AA.
            JsonArray faint = JsonNode.Parse((string)(await page.EvaluateAsync("""
                (() => {
                  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
                  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
                  const behind = element => { for (let e = element; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
                  const faint = [];
                  for (const element of document.querySelectorAll('h1, h2, h3, h4, p, td, th, dt, dd, li, a, b, span, summary, figcaption, svg text:not(.phase)')) {
                    if (!element.checkVisibility() || !element.textContent.trim()) continue;
                    const style = getComputedStyle(element);
                    const [a, b] = [light(parse(element.closest('svg') ? style.fill : style.color)), light(behind(element))].sort((x, y) => y - x);
                    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(element.tagName + '.' + element.getAttribute('class') + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2) + ' ' + element.textContent.slice(0, 30));
                  }
                  return JSON.stringify([...new Set(faint)]);
                })()
                """))!)!.AsArray();
            Assert.That(faint.Select(text => (string)text!), Is.Empty, dark ? "dark" : "light");
            int brightness = (int)(await page.EvaluateAsync("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"))!;
            Assert.That(brightness, dark ? Is.LessThan(60) : Is.GreaterThan(200));
        }
    }

    [Test]
    public async Task A_printed_page_has_its_charts_and_loses_nothing_at_the_edge()
    {
        await using Chromium.Page page = await OpenAsync("print", RunSamples.Regression(), Desktop, dark: true);
        byte[] pdf = await page.PrintAsync();
        Assert.That(pdf.AsSpan(0, 5).SequenceEqual("%PDF-"u8), Is.True);
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "print.pdf"), pdf);
        }

        await page.CallAsync("Emulation.setEmulatedMedia", new() { ["media"] = "print" });
        await page.ResizeAsync(700, 1000); // A4 between its margins, in CSS pixels
        Assert.That(await OverflowAsync(page), Is.Empty);
        Assert.That(await ChartFaultsAsync(page), Is.Empty);
        Assert.That((string)(await page.EvaluateAsync("getComputedStyle(document.body).backgroundColor"))!, Is.EqualTo("rgb(255, 255, 255)"), "paper is white");
    }

    [Test]
    public void A_page_without_its_script_says_the_same()
    {
        string html = RunReports.Write(ReportFormat.Html, RunSamples.Regression());
        string words = html[..html.IndexOf("<script>", StringComparison.Ordinal)];
        Assert.That(words, Does.Contain("<title>STOP · lab-a (qmp)"), "what the pointer shows");
        Assert.That(words, Does.Contain("blackout: resume").And.Contain("+60.80").And.Contain("lab-b cannot be reached: Connection refused. Start its libvirtd."));
    }

    [TestCaseSource(nameof(Samples))]
    public void A_page_refers_to_nothing_outside_and_holds_no_number_that_is_none(string name, Func<ReportInput> make)
    {
        string html = RunReports.Write(ReportFormat.Html, make());
        Assert.That(Outside().Matches(html).Select(match => match.Value), Is.Empty, name);
        Assert.That(Coordinate().Matches(html).Select(match => match.Groups[2].Value).Where(value => !Finite().IsMatch(value)), Is.Empty);
        Assert.That(html, Does.Not.Contain("NaN").And.Not.Contain("Infinity"));
    }

    [Test]
    public void The_three_headings_stand_in_the_order_in_which_they_matter()
    {
        string html = RunReports.Write(ReportFormat.Html, RunSamples.Regression());
        int[] places = [.. new[] { "id=\"regression\"", "id=\"environment\"", "id=\"inconclusive\"", "id=\"figures\"" }.Select(id => html.IndexOf(id, StringComparison.Ordinal))];
        Assert.That(places, Is.Ordered.And.All.Positive);
        Assert.That(RunReports.Write(ReportFormat.Html, RunSamples.Passed()), Does.Not.Contain("id=\"regression\""));
    }

    [Test]
    public void The_trend_shows_this_plans_earlier_runs_alone()
    {
        ReportInput passed = RunSamples.Passed();
        RegressionRun later = RunSamples.Run(3, Verdict.Passed, RunSamples.Migrate("idle", RunSamples.Values(1, 70, 5)));
        RegressionRun other = RunSamples.Run(-1, Verdict.Passed, RunSamples.Migrate("idle", RunSamples.Values(1, 70, 5))) with { Plan = "another", Id = "20261120T000000Z-ffff" };
        string html = RunReports.Write(ReportFormat.Html, passed with { History = [.. passed.History.Reverse(), later, other, passed.Run] });
        Assert.That(html, Is.EqualTo(RunReports.Write(ReportFormat.Html, passed)));
    }

    private Task<Chromium.Page> OpenAsync(string name, ReportInput input, int width, bool dark = false) => OpenAsync(name, RunReports.Write(ReportFormat.Html, input), width, dark);

    private async Task<Chromium.Page> OpenAsync(string name, string html, int width, bool dark = false)
    {
        string path = Path.Combine(_folder, $"{name}.html");
        await File.WriteAllTextAsync(path, html);
        return await _browser.OpenAsync(new Uri(path).AbsoluteUri, width, dark: dark);
    }

    private static async Task KeepAsync(Chromium.Page page, string name, bool whole = true)
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_SCREENSHOTS") is not { Length: > 0 } folder)
        {
            return;
        }

        JsonObject? clip = whole
            ? JsonNode.Parse((string)(await page.EvaluateAsync("JSON.stringify({ x: 0, y: 0, width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight })"))!)!.AsObject()
            : null;
        await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}.png"), await page.ScreenshotAsync(clip));
    }

    /// <summary>What is wider than the page, so that all of it could be moved sideways.</summary>
    private static async Task<string> OverflowAsync(Chromium.Page page) => (string)(await page.EvaluateAsync("""
        (() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return '';
          const wide = [...document.querySelectorAll('body *')].filter(element => element.getBoundingClientRect().right > width + 1 && !element.closest('.wide'));
          return `${document.documentElement.scrollWidth} > ${width}: ` + wide.slice(0, 5).map(element => element.tagName + '.' + element.getAttribute('class') + ' ' + element.textContent.slice(0, 20)).join('; ');
        })()
        """))!;

    /// <summary>Charts that are empty, and shapes that stand outside of theirs or nowhere.</summary>
    private static async Task<string> ChartFaultsAsync(Chromium.Page page) => (string)(await page.EvaluateAsync("""
        (() => {
          const faults = [];
          for (const chart of document.querySelectorAll('svg.chart')) {
            if (!chart.checkVisibility()) continue;
            const box = chart.getBoundingClientRect();
            const shapes = [...chart.querySelectorAll('line, rect, circle, path')];
            if (box.width < 100 || box.height < 30) faults.push('a chart of ' + box.width + ' x ' + box.height);
            if (shapes.length < 3) faults.push('an empty chart: ' + chart.getAttribute('aria-label'));
            for (const shape of [...shapes, ...chart.querySelectorAll('text')]) {
              const b = shape.getBoundingClientRect();
              if (![b.x, b.y, b.width, b.height].every(Number.isFinite)) faults.push('no place: ' + shape.outerHTML);
              if (shape.classList.contains('hit')) continue;
              if (b.left < box.left - 8 || b.right > box.right + 8 || b.top < box.top - 8 || b.bottom > box.bottom + 8) faults.push('outside: ' + shape.outerHTML.slice(0, 120));
            }
          }
          return [...new Set(faults)].slice(0, 8).join('; ');
        })()
        """))!;

    /// <summary>How many colours a picture has, as the browser itself reads it.</summary>
    private async Task<int> ColoursAsync(byte[] png)
    {
        await using Chromium.Page page = await _browser.OpenAsync("data:text/html,<title>picture</title>", 300);
        return (int)(await page.EvaluateAsync($$"""
            (async () => {
              const picture = new Image();
              picture.src = 'data:image/png;base64,{{Convert.ToBase64String(png)}}';
              await picture.decode();
              const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
              const drawing = canvas.getContext('2d');
              drawing.drawImage(picture, 0, 0);
              return new Set(new Uint32Array(drawing.getImageData(0, 0, picture.width, picture.height).data.buffer)).size;
            })()
            """))!;
    }

    [GeneratedRegex("https?://|=\"//|\\s(?:src|srcset|xlink:href)=|@import|url\\(")]
    private static partial Regex Outside();

    [GeneratedRegex("\\s(x|y|x1|x2|y1|y2|width|height|r)=\"([^\"]*)\"")]
    private static partial Regex Coordinate();

    [GeneratedRegex(@"^-?\d+(\.\d+)?%?$")]
    private static partial Regex Finite();
}
