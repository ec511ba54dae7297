using System.Globalization;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Signals and death at random moments: the guest ends running on exactly one host.</summary>
public sealed class InterruptionTests
{
    private const string Guest = "busy";

    // Twenty in full; a few of them in every run.
    private static int Rounds => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1" ? 20 : 4;

    [OneTimeSetUp]
    public Task StartGuest() => CliLab.Lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 16 });

    [OneTimeTearDown]
    public Task RemoveGuest() => CliLab.Lab.RemoveGuestAsync(Guest);

    [TestCase("INT", "p2p")]
    [TestCase("TERM", "p2p")]
    [TestCase("HUP", "direct")]
    [TestCase("INT", "direct")]
    public async Task A_signal_cancels_and_the_guest_stays(string signal, string mode)
    {
        (string from, string to) = await Ends();

        // Slower than the guest dirties its memory: it cannot end by itself.
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--mode", mode, "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");
        migration.Signal(signal);
        CliResult result = await migration.EndAsync();
        Assert.That(result.ExitCode, Is.EqualTo(130), $"{result}");
        Assert.That(result.Json.GetProperty("outcome").GetString(), Is.EqualTo("cancelled"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { from }));
    }

    [Test]
    public async Task A_time_out_rolls_back()
    {
        (string from, string to) = await Ends();
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", from, "--to", to, "--bandwidth", "8", "--timeout", "2s", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(5), $"{result}");
        Assert.That(result.Json.GetProperty("outcome").GetString(), Is.EqualTo("timed_out"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { from }));
    }

    [Test]
    public async Task A_stop_from_the_terminal_is_ignored_in_direct_mode()
    {
        (string from, string to) = await Ends();
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--mode", "direct", "--bandwidth", "8");
        await migration.SeeAsync("iteration 1");
        migration.Signal("TSTP");
        await migration.SeeAsync("Ctrl-Z is ignored");
        Assert.That(StateOf(migration.Pid), Is.Not.EqualTo('T'));
        migration.Signal("INT");
        Assert.That((await migration.EndAsync()).ExitCode, Is.EqualTo(130));
    }

    [Test]
    public async Task A_killed_client_in_p2p_mode_leaves_the_guest_on_exactly_one_host([Values("KILL", "STOP")] string signal)
    {
        var random = new Random(signal.Length + signal[0]);
        for (int round = 0; round < Rounds; round++)
        {
            (string from, string to) = await Ends();
            using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--mode", "p2p", "--bandwidth", "64", "--json");
            await migration.SeeAsync("\"stage\":\"" + (random.Next(2) == 0 ? "checking" : "migrating"));
            int delay = random.Next(1500);
            await Task.Delay(delay);
            migration.Signal(signal);
            await AssertSettlesOnOneHost(string.Create(CultureInfo.InvariantCulture, $"round {round}, signal {signal} after {delay} ms, {from} to {to}"));
            if (signal == "STOP")
            {
                migration.Signal("CONT");
                await migration.EndAsync();
            }
        }
    }

    // The daemons finish on their own. Settled: no copy is between two states, twice in a row.
    private static async Task AssertSettlesOnOneHost(string when)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        string last = "";
        for (int same = 0; same < 3;)
        {
            Lab.LabStatus status = await CliLab.Lab.GetStatusAsync(deadline.Token);
            IReadOnlyList<Lab.GuestPlace> places = status.Guests.Single(g => g.Guest.Name == Guest).Places;
            string now = string.Join(", ", places.Select(place => $"{place.Host}:{place.State}"));
            bool settled = places.Count(place => place.State == "running") == 1 && places.All(place => place.State is "running" or "shutoff") && !await HasJobAsync();
            same = settled && now == last ? same + 1 : 0;
            last = now;
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(100, deadline.Token);
        }

        Assert.That(await CliLab.RunsOnAsync(Guest), Has.Count.EqualTo(1), when);
    }

    private static async Task<bool> HasJobAsync()
    {
        foreach (string host in await CliLab.RunsOnAsync(Guest))
        {
            using var connection = Libvirt.Interop.LibvirtConnection.Open(CliLab.Lab.GetHost(host).Uri);
            using Libvirt.Interop.LibvirtDomain? domain = connection.TryLookupByName(Guest);
            if (domain?.GetJobStats().Type is { } type and not Libvirt.Interop.DomainJobType.None)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<(string From, string To)> Ends()
    {
        string here = (await CliLab.RunsOnAsync(Guest)).Single();
        return (here, here == "lab-a" ? "lab-b" : "lab-a");
    }

    // The letter after the name in parentheses.
    private static char StateOf(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }
}
