using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Regression.Notification;
using Orchestrator.Regression.Runs;
using Orchestrator.Tests.Regression.Reports;
using Tests.Shared;

namespace Orchestrator.Tests.Regression.Notification;

public sealed class RunNotifierTests
{
    private static readonly JsonSchema Schema = JsonSchema.Load("regress-notification.schema.json");

    private string _folder = null!;

    [SetUp]
    public void Make() => _folder = Directory.CreateTempSubdirectory("notify-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_command_is_told_by_its_variables_and_its_standard_input()
    {
        string script = Script("""printf '%s|%s|%s|%s|%s|%s' "$ORCHESTRATOR_RUN_JSON" "$ORCHESTRATOR_VERDICT" "$ORCHESTRATOR_EXIT_CODE" "$ORCHESTRATOR_PLAN" "$ORCHESTRATOR_RUN_ID" "$1" >"$0.told"; cat >"$0.read" """);
        RegressionRun run = RunSamples.Regression().Run;
        Assert.That(await NotifyAsync(run, new() { OnFailure = [script, "$(id) an argument"] }), Is.Empty);

        Assert.That(File.ReadAllText($"{script}.told"), Is.EqualTo($"{_folder}/run.json|regression|8|lab|{run.Id}|$(id) an argument"), "no shell read the argument");
        JsonNode read = JsonNode.Parse(File.ReadAllText($"{script}.read"))!;
        Assert.That(Schema.Problems(read), Is.Empty);
        Assert.That((string)read["headline"]!, Does.StartWith("idle: downtime +60.80 ms").And.Contain("blackout: resume"));
        Assert.That((string)read["run_json"]!, Is.EqualTo($"{_folder}/run.json"));
    }

    [Test]
    public async Task A_night_that_passed_is_not_told_of()
    {
        string script = Script("touch \"$0.told\"");
        using var listener = new Listener(HttpStatusCode.OK);
        Assert.That(await NotifyAsync(RunSamples.Passed().Run, new() { OnFailure = [script], Webhook = new($"{listener.Url}x") }), Is.Empty);
        Assert.That(File.Exists($"{script}.told"), Is.False);
        Assert.That(listener.Bodies, Is.Empty);
    }

    [TestCase("exit 3", "ended with code 3")]
    [TestCase("echo 'no such channel' >&2; exit 1", "ended with code 1: no such channel")]
    public async Task A_command_that_fails_is_a_note(string body, string note)
        => Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { OnFailure = [Script(body)] }), Has.Exactly(1).Contains(note));

    [Test]
    public async Task A_command_that_is_not_there_or_is_no_program_is_a_note()
    {
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { OnFailure = ["no-such-program-anywhere"] }), Is.EqualTo(new[] { "the command on failure was not run: no-such-program-anywhere is not there" }));
        string text = Path.Combine(_folder, "text");
        File.WriteAllText(text, "no program");
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { OnFailure = [text] }), Has.Exactly(1).StartsWith("the command on failure was not run"));
    }

    [Test]
    public async Task A_command_that_does_not_end_is_ended_with_all_it_began()
    {
        string script = Script("sleep 600 & echo $! >\"$0.child\"; wait");
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { OnFailure = [script], Timeout = TimeSpan.FromSeconds(3) }), Has.Exactly(1).Contains("took longer than 3.0 s"));
        string child = File.ReadAllText($"{script}.child").Trim();

        // Ended, if not yet waited for by whoever inherited it.
        Assert.That(() => !File.Exists($"/proc/{child}/stat") || File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal), Is.True.After(20_000, 50));
    }

    [Test]
    public async Task A_command_need_not_read_what_it_is_told()
    {
        RegressionRun run = RunSamples.Regression().Run;
        run = run with { Problems = [new(1, new string('x', 1 << 20))] }; // more than a pipe holds
        Assert.That(await NotifyAsync(run, new() { OnFailure = [Script("exec <&-; exit 0")] }), Is.Empty);
    }

    [Test]
    public async Task A_webhook_gets_the_verdict_with_its_reasons_and_no_path_of_this_machine()
    {
        using var listener = new Listener(HttpStatusCode.NoContent);
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { Webhook = new($"{listener.Url}services/T0/secret?key=1") }), Is.Empty);

        JsonNode body = JsonNode.Parse(listener.Bodies.Single())!;
        Assert.That(Schema.Problems(body), Is.Empty);
        Assert.That(listener.Paths.Single(), Is.EqualTo("POST /services/T0/secret?key=1 application/json"));
        Assert.That((string)body["verdict"]!, Is.EqualTo("regression"));
        Assert.That((int)body["exit_code"]!, Is.EqualTo(8));
        Assert.That(body["reasons"]!.AsArray().Select(reason => $"{(string)reason!["verdict"]!} {(string?)reason["scenario"]}").Distinct(), Is.EqualTo(new[] { "regression idle", "environment plug", "inconclusive busy" }));
        Assert.That(body["run_json"], Is.Null);
    }

    [Test]
    public async Task A_user_in_the_address_is_sent_as_such()
    {
        using var listener = new Listener(HttpStatusCode.OK);
        var address = new Uri(listener.Url.Replace("//", "//bot:p%40ss@", StringComparison.Ordinal));
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { Webhook = address }), Is.Empty);
        Assert.That(listener.Authorizations.Single(), Is.EqualTo($"Basic {Convert.ToBase64String("bot:p@ss"u8)}"));
    }

    [TestCase(HttpStatusCode.InternalServerError, "answered 500")]
    [TestCase(HttpStatusCode.Found, "answered 302")]
    public async Task A_webhook_that_does_not_take_it_is_a_note_without_its_secrets(HttpStatusCode status, string note)
    {
        using var listener = new Listener(status);
        var address = new Uri(listener.Url.Replace("//", "//bot:hunter2@", StringComparison.Ordinal) + "services/T0/hunter2?token=hunter2");
        IReadOnlyList<string> notes = await NotifyAsync(RunSamples.Regression().Run, new() { Webhook = address });
        Assert.That(notes, Has.Exactly(1).Contains(note));
        Assert.That(notes[0], Does.Not.Contain("hunter2").And.Not.Contain("services"));
    }

    [Test]
    public async Task A_webhook_where_nobody_is_is_a_note_without_its_secrets()
    {
        string url = $"http://bot:hunter2@127.0.0.1:{FreePort()}/hunter2?token=hunter2";
        IReadOnlyList<string> notes = await NotifyAsync(RunSamples.Regression().Run, new() { Webhook = new(url) });
        Assert.That(notes, Has.Exactly(1).Contains("was not told"));
        Assert.That(notes[0], Does.Not.Contain("hunter2"));
    }

    [Test]
    public async Task A_webhook_that_never_answers_is_not_waited_for_for_ever()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/");
        Assert.That(await NotifyAsync(RunSamples.Regression().Run, new() { Webhook = address, Timeout = TimeSpan.FromSeconds(1) }), Has.Exactly(1).Contains("did not answer within 1.0 s"));
    }

    [TestCase("https://example.org/x", true)]
    [TestCase("http://127.0.0.1:8080", true)]
    [TestCase("ftp://example.org/x", false)]
    [TestCase("file:///etc/passwd", false)]
    [TestCase("example.org/x", false)]
    [TestCase("", false)]
    public void A_webhook_is_https_or_http(string text, bool isOne) => Assert.That(NotificationTargets.WebhookOf(text) is not null, Is.EqualTo(isOne));

    private Task<IReadOnlyList<string>> NotifyAsync(RegressionRun run, NotificationTargets targets) =>
        new RunNotifier().NotifyAsync(run, Path.Combine(_folder, "run.json"), targets, CancellationToken.None);

    private string Script(string body)
    {
        string path = Path.Combine(_folder, $"command-{Guid.NewGuid():N}");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        return path;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>A webhook on the loopback that answers everything alike, and remembers it.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;

        internal Listener(HttpStatusCode status)
        {
            Url = $"http://127.0.0.1:{FreePort()}/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _serving = ServeAsync(status);
        }

        internal string Url { get; }

        internal List<string> Bodies { get; } = [];

        internal List<string> Paths { get; } = [];

        internal List<string?> Authorizations { get; } = [];

        public void Dispose()
        {
            _listener.Close();
            _serving.Wait();
        }

        private async Task ServeAsync(HttpStatusCode status)
        {
            try
            {
                while (true)
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
                    Bodies.Add(await reader.ReadToEndAsync());
                    Paths.Add($"{context.Request.HttpMethod} {context.Request.RawUrl} {context.Request.ContentType?.Split(';')[0]}");
                    Authorizations.Add(context.Request.Headers["Authorization"]);
                    context.Response.StatusCode = (int)status;
                    context.Response.RedirectLocation = status == HttpStatusCode.Found ? "http://127.0.0.1:1/" : null;
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
