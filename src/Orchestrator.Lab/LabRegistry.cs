using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab;

/// <summary>The labs of one user. All but <see cref="LockAsync"/> is to be called under the lock.</summary>
internal sealed class LabRegistry(LabOptions options, ILogger log)
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(2);

    /// <summary>Waits until no other process makes or removes labs.</summary>
    public async Task<FileLock> LockAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            LabFolder.Prepare(options.Folder);
            try
            {
                return await FileLock.AcquireAsync(Path.Combine(options.Folder, "lock"), LockPatience, options.Time, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (DirectoryNotFoundException)
            {
                // The last lab was removed just now, and the folder with it: make it again.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Removes what dead owners left.</summary>
    public async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        foreach (var lab in LabFolder.LabsIn(options.Folder))
        {
            var reading = RecordFile.Read(lab);
            var fate = Leftover.Judge(reading, reading.Record?.Owner?.IsAlive() ?? false, LabProcess.FindIn(lab).Count > 0);
            if (fate == LabFate.Remove)
            {
                Log.RemovingLeftover(log, lab);
                await EndAsync(lab, cancellationToken).ConfigureAwait(false);
                Remove(lab);
            }
            else if (fate == LabFate.Report)
            {
                Log.LeavingUnknown(log, lab);
            }
        }
    }

    /// <summary>The lab that lives until it is taken down.</summary>
    public (string Folder, LabRecord Record)? FindPersistent() => LabFolder.LabsIn(options.Folder)
        .Select(lab => (lab, RecordFile.Read(lab).Record))
        .Where(lab => lab.Record is { Owner: null })
        .Select(lab => ((string, LabRecord)?)(lab.lab, lab.Record!))
        .FirstOrDefault();

    /// <summary>The labs that a person who says "down" means: the persistent one, and those whose owner cannot be known.</summary>
    public IReadOnlyList<string> FindUnowned() =>
        [.. LabFolder.LabsIn(options.Folder).Where(lab => RecordFile.Read(lab).Record is not { Owner: not null })];

    /// <summary>Makes the folder of a new lab, which belongs to this process for now.</summary>
    public string Create()
    {
        if (options.Hosts is < 0 or > LabOptions.MaxHosts || (options.Hosts == 0 && options.Machines == 0))
        {
            throw new LabException($"A lab has 1 to {LabOptions.MaxHosts} hosts, not {options.Hosts}.");
        }

        var record = new LabRecord
        {
            Owner = ProcessIdentity.Current,
            Ports = ChoosePorts(options.Hosts),
        };
        var folder = Path.Combine(options.Folder, Guid.NewGuid().ToString("N")[..6]);
        LabFolder.Make(folder);
        RecordFile.Write(folder, record);
        return folder;
    }

    /// <summary>Adds the emulated machines that a lab lacks to its record.</summary>
    public void AddMachines(string folder)
    {
        if (options.Machines is < 0 or > LabOptions.MaxMachines)
        {
            throw new LabException($"A lab has at most {LabOptions.MaxMachines} emulated machines, not {options.Machines}.");
        }

        var record = RecordFile.Read(folder).Record!;
        if (record.Machines.Count < options.Machines)
        {
            RecordFile.Write(folder, record with
            {
                Machines = [.. record.Machines, .. ChoosePorts(options.Machines - record.Machines.Count).Select(ports => new MachineRecord(ports, [Guid.NewGuid(), Guid.NewGuid()]))],
            });
        }
    }

    private IReadOnlyList<PortRange> ChoosePorts(int count)
    {
        var taken = LabFolder.LabsIn(options.Folder).Select(lab => RecordFile.Read(lab).Record).OfType<LabRecord>()
            .SelectMany(record => record.Ports.Concat(record.Machines.Select(machine => machine.Ports)));
        return PortRanges.Choose(count, taken, UsedPorts.Read(), Random.Shared.Next(PortRanges.Count));
    }

    /// <summary>Ends everything that lives in a lab. Needs no lock.</summary>
    /// <exception cref="LabException">Something could not be ended.</exception>
    public async Task EndAsync(string lab, CancellationToken cancellationToken)
    {
        var living = await ProcessEnder.EndAllInAsync(lab, options.Time, cancellationToken).ConfigureAwait(false);
        foreach (var process in living)
        {
            Log.StillAlive(log, process.Pid, process.Name, lab);
        }

        if (living.Count > 0)
        {
            throw new LabException(
                $"Processes of lab {lab} could not be ended: {string.Join(", ", living.Select(p => $"{p.Pid} ({p.Name})"))}.",
                "They hang in the kernel: look at their state with 'ps'.");
        }
    }

    /// <summary>Removes the folder of a lab in which nothing lives.</summary>
    public void Remove(string lab)
    {
        Directory.Delete(lab, recursive: true);
        Log.Down(log, lab);
    }

    /// <summary>Lets go of the lock, and of the folder of all labs if there are none.</summary>
    public void Leave(FileLock held)
    {
        if (LabFolder.LabsIn(options.Folder).Count == 0)
        {
            held.Delete();
            try
            {
                if (Directory.Exists(LabFolder.StateIn(options.Folder)))
                {
                    Directory.Delete(LabFolder.StateIn(options.Folder), recursive: true);
                }

                Directory.Delete(options.Folder);
            }
            catch (IOException)
            {
                // Another process has begun a lab meanwhile: then the folder is its.
            }
        }

        held.Dispose();
    }
}
