using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Regression.Reports;

/// <summary>A real browser without a window, told what to do over its DevTools protocol.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly string _folder;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = new();
    private readonly ConcurrentQueue<JsonNode> _events = new();
    private readonly CancellationTokenSource _end = new(TimeSpan.FromMinutes(10));
    private Task _reading = Task.CompletedTask;
    private int _id;

    private Chromium(Process process, string folder) => (_process, _folder) = (process, folder);

    internal static async Task<Chromium> StartAsync()
    {
        const string Program = "/usr/bin/chromium";
        Assert.That(File.Exists(Program), Is.True, "there is no chromium: eng/install test");
        string folder = Directory.CreateTempSubdirectory("chromium-").FullName;
        var start = new ProcessStartInfo(Program)
        {
            ArgumentList =
            {
                "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                "--disable-component-update", "--remote-debugging-port=0", $"--user-data-dir={folder}", "about:blank",
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["HOME"] = folder;
        if (Environment.IsPrivilegedProcess)
        {
            start.ArgumentList.Insert(0, "--no-sandbox"); // which root's processes cannot have
        }

        var browser = new Chromium(Process.Start(start)!, folder);
        try
        {
            using var deadline = new CancellationTokenSource(Patience);
            string address = await browser.AddressAsync(deadline.Token);
            await browser._socket.ConnectAsync(new Uri(address), deadline.Token);
            browser._reading = browser.ReadAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a page in a window of a size, in light or dark, and waits until it is complete.</summary>
    internal async Task<Page> OpenAsync(string url, int width, int height = 900, bool dark = false)
    {
        JsonNode target = await CallAsync(null, "Target.createTarget", new() { ["url"] = "about:blank" });
        JsonNode attached = await CallAsync(null, "Target.attachToTarget", new() { ["targetId"] = target["targetId"]!.DeepClone(), ["flatten"] = true });
        var page = new Page(this, target["targetId"]!.GetValue<string>(), attached["sessionId"]!.GetValue<string>());
        await page.CallAsync("Page.enable");
        await page.CallAsync("Runtime.enable");
        await page.CallAsync("Log.enable");
        await page.CallAsync("Network.enable");
        await page.ResizeAsync(width, height);
        await page.CallAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        await page.CallAsync("Page.navigate", new() { ["url"] = url });
        await page.EvaluateAsync("new Promise(done => { const look = () => document.readyState === 'complete' && location.href !== 'about:blank' ? done(1) : setTimeout(look, 20); look(); })");
        return page;
    }

    internal async Task<JsonNode> CallAsync(string? session, string method, JsonObject? parameters = null)
    {
        int id = Interlocked.Increment(ref _id);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (session is not null)
        {
            message["sessionId"] = session;
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, _end.Token);
        JsonNode result = await answer.Task.WaitAsync(Patience);
        return result["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : result["result"]!;
    }

    internal IEnumerable<JsonNode> EventsOf(string session) => _events.Where(message => (string?)message["sessionId"] == session);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _end.Dispose();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser wrote a last file; the folder is a temporary one.
        }
    }

    // DevTools listening on ws://127.0.0.1:PORT/devtools/browser/…
    private async Task<string> AddressAsync(CancellationToken cancellationToken)
    {
        const string Announcement = "DevTools listening on ";
        var said = new StringBuilder();
        while (await _process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                _process.ErrorDataReceived += (_, _) => { };
                _process.OutputDataReceived += (_, _) => { };
                _ = _process.StandardError.ReadToEndAsync(_end.Token); // so that it never waits for a reader
                _ = _process.StandardOutput.ReadToEndAsync(_end.Token);
                return line[Announcement.Length..];
            }

            said.AppendLine(line);
        }

        throw new InvalidOperationException($"chromium ended: {said}");
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, _end.Token);
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                {
                    continue;
                }

                JsonNode node = JsonNode.Parse(message.ToArray())!;
                message.SetLength(0);
                if (node["id"] is { } id && _asked.TryRemove(id.GetValue<int>(), out TaskCompletionSource<JsonNode>? answer))
                {
                    answer.SetResult(node);
                }
                else
                {
                    _events.Enqueue(node);
                }
            }
        }
        finally
        {
            foreach (TaskCompletionSource<JsonNode> waiting in _asked.Values)
            {
                waiting.TrySetException(new InvalidOperationException("the browser is gone"));
            }
        }
    }

    /// <summary>A page that is open.</summary>
    internal sealed class Page(Chromium browser, string target, string session) : IAsyncDisposable
    {
        /// <summary>What the page complained of: errors and warnings of its console and of the browser about it, uncaught exceptions.</summary>
        internal IReadOnlyList<string> Complaints =>
        [
            .. browser.EventsOf(session).Where(message => (string?)message["method"] switch
            {
                "Runtime.exceptionThrown" => true,
                "Runtime.consoleAPICalled" => (string?)message["params"]!["type"] is "error" or "warning" or "assert",
                "Log.entryAdded" => (string?)message["params"]!["entry"]!["level"] is "error" or "warning",
                _ => false,
            }).Select(message => message.ToJsonString()),
        ];

        /// <summary>What the page asked for besides itself.</summary>
        internal IReadOnlyList<string> Requests =>
        [
            .. browser.EventsOf(session).Where(message => (string?)message["method"] == "Network.requestWillBeSent")
                .Select(message => (string)message["params"]!["request"]!["url"]!).Where(url => !url.StartsWith("file:", StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal)),
        ];

        internal Task<JsonNode> CallAsync(string method, JsonObject? parameters = null) => browser.CallAsync(session, method, parameters);

        internal Task ResizeAsync(int width, int height) => CallAsync(
            "Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });

        internal async Task<JsonNode?> EvaluateAsync(string script)
        {
            JsonNode result = await CallAsync("Runtime.evaluate", new() { ["expression"] = script, ["awaitPromise"] = true, ["returnByValue"] = true });
            Assert.That(result["exceptionDetails"]?.ToJsonString(), Is.Null, script);
            return result["result"]!["value"];
        }

        /// <summary>A PNG of the whole page, or of a part of it.</summary>
        internal async Task<byte[]> ScreenshotAsync(JsonObject? clip = null)
        {
            var parameters = new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true };
            if (clip is not null)
            {
                clip["scale"] = 1;
                parameters["clip"] = clip;
            }

            return Convert.FromBase64String((string)(await CallAsync("Page.captureScreenshot", parameters))["data"]!);
        }

        internal async Task<byte[]> PrintAsync() =>
            Convert.FromBase64String((string)(await CallAsync("Page.printToPDF", new() { ["printBackground"] = true, ["preferCSSPageSize"] = true, ["paperWidth"] = 8.27, ["paperHeight"] = 11.69 }))["data"]!);

        public async ValueTask DisposeAsync() => await browser.CallAsync(null, "Target.closeTarget", new() { ["targetId"] = target });
    }
}
