using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>How big a storm is.</summary>
internal sealed record StormOptions
{
    public required int Seed { get; init; }

    public int Requests { get; init; } = 5000;

    public int Workers { get; init; } = 16;

    public int Processes { get; init; } = 2;

    public int Guests { get; init; } = 8;

    /// <summary>How many of the guests have a system that listens.</summary>
    public int Listening { get; init; } = 2;

    public int Kills { get; init; } = 20;

    public int Hosts { get; init; } = 2;

    /// <summary>Whether the guests are migrated, too.</summary>
    public bool Migrates { get; init; }

    public string? Record { get; init; }

    internal static TimeSpan Deadline { get; } = TimeSpan.FromSeconds(90);

    internal int RequestsOf(int worker) => (Requests / Workers) + (worker < Requests % Workers ? 1 : 0);
}

/// <summary>
/// Many workers in several processes ask for random changes of a few guests on the hosts of a lab, while the hosts' daemons are killed and restarted; then it is
/// judged whether everything that happened was allowed, and whether the hosts are as the model says.
/// </summary>
internal sealed class Storm(StormOptions options, TextWriter output)
{
    private readonly List<StormRecord> _records = [];
    private readonly List<StormOutage> _outages = [];

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Hosts = options.Hosts }, cancellationToken: cancellationToken);
        string folder = Directory.CreateTempSubdirectory("storm-").FullName;
        try
        {
            await using Hosts hosts = await Hosts.ConnectAsync([.. lab.Hosts.Select(host => (host.Name, host.Uri))], cancellationToken);
            foreach (StormGuest guest in await MakeGuestsAsync(lab, hosts, cancellationToken))
            {
                guest.Write(folder);
            }

            Task<int>[] workers = [.. Enumerable.Range(0, options.Processes).Select(process => RunWorkersAsync(process, folder, hosts, cancellationToken))];
            Task<int[]> all = Task.WhenAll(workers);
            await KillDaemonsAsync(lab, hosts, all, cancellationToken);
            int[] codes = await all;
            IReadOnlyList<StormGuestFacts> facts = await ReadFactsAsync(hosts, folder, cancellationToken);
            List<string> problems = [.. codes.Where(code => code != 0).Select(code => $"a process of workers ended with code {code}")];
            problems.AddRange(StormJudge.Judge(_records, _outages, facts, hosts.Count, options.Requests, StormOptions.Deadline));
            problems.AddRange(await RemoveGuestsAsync(hosts, folder, cancellationToken));
            await ReportAsync(problems, Stopwatch.GetElapsedTime(began));
            return problems.Count == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<IReadOnlyList<StormGuest>> MakeGuestsAsync(VirtualLab lab, Hosts hosts, CancellationToken cancellationToken)
    {
        var guests = new List<StormGuest>();
        for (int number = 0; number < options.Guests; number++)
        {
            LibvirtHost host = hosts.Of(number);
            if (number < options.Listening)
            {
                LabGuest made = await lab.StartGuestAsync(new() { Name = StormGuest.NameOf(number), Host = host.Address.Name, MemoryMiB = GuestOptions.LeastMemoryMiB }, cancellationToken);
                await host.DestroyDomainAsync(made.Uuid, DomainDestroyFlags.None, cancellationToken);
                guests.Add(new(number, made.Uuid, (await host.GetDefinitionAsync(made.Uuid, cancellationToken))!));
            }
            else
            {
                StormGuest guest = StormGuest.WithoutSystem(number, host.Identity.Architecture!);
                await host.DefineDomainAsync(guest.Definition, cancellationToken);
                guests.Add(guest);
            }
        }

        return guests;
    }

    private async Task<int> RunWorkersAsync(int process, string folder, Hosts hosts, CancellationToken cancellationToken)
    {
        int first = options.Workers * process / options.Processes;
        int end = options.Workers * (process + 1) / options.Processes;
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Storm).Assembly.Location);
        }

        foreach (string argument in (string[])["workers", "--seed", Text(options.Seed), "--requests", Text(options.Requests), "--workers", Text(options.Workers), "--guests", Text(options.Guests),
            "--first", Text(first), "--end", Text(end), .. options.Migrates ? ["--migrate"] : Array.Empty<string>(), "--folder", folder, .. hosts.Uris.SelectMany(uri => (string[])["--host", uri])])
        {
            start.ArgumentList.Add(argument);
        }

        using Process workers = Process.Start(start)!;
        try
        {
            while (await workers.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                StormRecord record = JsonSerializer.Deserialize(line, StormJson.Default.StormRecord)!;
                lock (_records)
                {
                    _records.Add(record);
                    if (_records.Count % 250 == 0)
                    {
                        output.WriteLine($"{_records.Count} of {options.Requests} requests have ended, the daemons were killed {_outages.Count} times");
                    }
                }
            }

            await workers.WaitForExitAsync(cancellationToken);
            return workers.ExitCode;
        }
        finally
        {
            if (!workers.HasExited)
            {
                workers.Kill();
            }
        }

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Kills a daemon now and then, spread evenly over the requests, and starts it again.</summary>
    private async Task KillDaemonsAsync(VirtualLab lab, Hosts hosts, Task workers, CancellationToken cancellationToken)
    {
        var random = new Random(options.Seed);
        for (int kill = 1; kill <= options.Kills && !workers.IsCompleted; kill++)
        {
            while (Count() < options.Requests * (long)kill / (options.Kills + 1) && !workers.IsCompleted)
            {
                await Task.WhenAny(workers, Task.Delay(50, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            int host = random.Next(hosts.Count);
            long from = Stopwatch.GetTimestamp();
            using (Process daemon = Process.GetProcessById(lab.FindDaemon(lab.Hosts[host].Name)!.Value))
            {
                daemon.Kill();
                await daemon.WaitForExitAsync(cancellationToken);
            }

            await lab.RepairAsync(cancellationToken);
            await hosts[host].ListDomainsAsync(cancellationToken);
            lock (_records)
            {
                _outages.Add(new(host, from, Stopwatch.GetTimestamp()));
            }
        }
    }

    private async Task<IReadOnlyList<StormGuestFacts>> ReadFactsAsync(Hosts hosts, string folder, CancellationToken cancellationToken)
    {
        var facts = new List<StormGuestFacts>();
        foreach (StormGuest guest in Enumerable.Range(0, options.Guests).Select(number => StormGuest.Read(folder, number)))
        {
            IReadOnlyList<int> places = await hosts.FindAsync(guest, cancellationToken);
            int home = places.Count > 0 ? places[0] : StormJudge.HostOf(guest.Number, hosts.Count);
            DomainSnapshot? domain = await hosts[home].FindDomainAsync($"{guest.Uuid}", cancellationToken);
            string? definition = await hosts[home].GetDefinitionAsync(guest.Uuid, cancellationToken);
            facts.Add(new(
                guest.Number, home, definition is not null, DomainConditions.Of(domain), domain is { IsActive: true } ? StormGuest.DevicesOf(domain.Xml) : StormDevices.None,
                StormGuest.DevicesOf(definition), [.. places.Skip(1).Select(place => hosts[place].Address.Name)]));
        }

        return facts;
    }

    /// <summary>Ends and removes every guest by the service itself: one that is stuck would not let itself be removed.</summary>
    private static async Task<IReadOnlyList<string>> RemoveGuestsAsync(Hosts hosts, string folder, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (string file in Directory.EnumerateFiles(folder, "*.xml").Order())
        {
            StormGuest guest = StormGuest.Read(folder, int.Parse(Path.GetFileNameWithoutExtension(file).AsSpan("storm-".Length), CultureInfo.InvariantCulture));
            var actor = new StormActor(hosts, guest, folder);
            await actor.ActAsync(new(guest.Number, DomainOperation.Destroy), cancellationToken);
            await actor.ActAsync(new(guest.Number, DomainOperation.Undefine), cancellationToken);
            foreach (int place in await hosts.FindAsync(guest, cancellationToken))
            {
                DomainSnapshot? left = await hosts[place].FindDomainAsync($"{guest.Uuid}", cancellationToken);
                problems.Add($"{guest.Name} is stuck on {hosts[place].Address.Name}: {left?.Describe()}");
            }
        }

        return problems;
    }

    private int Count()
    {
        lock (_records)
        {
            return _records.Count;
        }
    }

    private async Task ReportAsync(List<string> problems, TimeSpan took)
    {
        foreach (IGrouping<DomainOperation, StormRecord> operation in _records.GroupBy(record => record.Request.Operation).OrderBy(group => group.Key))
        {
            output.WriteLine($"{operation.Key,-9} {string.Join(", ", operation.GroupBy(record => record.Result).OrderBy(group => group.Key).Select(group => $"{group.Count()} {group.Key}"))}");
        }

        if (options.Record is { } file)
        {
            await File.WriteAllLinesAsync(file, _records.OrderBy(record => record.Entered ?? record.Started).Select(record => JsonSerializer.Serialize(record, StormJson.Default.StormRecord)));
        }

        foreach (string problem in problems)
        {
            output.WriteLine($"problem: {problem}");
        }

        TimeSpan longest = _records.Count == 0 ? TimeSpan.Zero : _records.Max(record => Stopwatch.GetElapsedTime(record.Started, record.Ended));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {options.Seed}: {_records.Count} requests of {options.Workers} workers in {options.Processes} processes at {options.Guests} guests{(options.Migrates ? $" over {options.Hosts} hosts" : "")}, {_outages.Count} daemons killed, in {took.TotalSeconds:0} s; the longest request took {longest.TotalSeconds:0.0} s; {problems.Count} problems"));
    }
}
