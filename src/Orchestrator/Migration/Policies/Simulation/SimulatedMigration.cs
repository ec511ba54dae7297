namespace Orchestrator.Migration.Policies.Simulation;

/// <summary>
/// QEMU's side of the model. An iteration ends when what is left of it could be sent within the limit; then what was dirtied meanwhile is added, and if the
/// sum can still be sent within the limit, QEMU switches over. The guest sweeps through its working set, so it dirties no page twice before it has been all around;
/// the set lies at the top of the memory, which QEMU sends last: the table of real migrations that the tests know fits that best.
/// </summary>
internal sealed class SimulatedMigration
{
    // QEMU sends in buffers and looks at its limit between them: no iteration is shorter.
    private const double ShortestIteration = 0.01;

    // QEMU's own numbers: the guest is throttled when it dirtied more than half of what was sent, twice, in periods of at least a second.
    private const double ThrottlePeriod = 1;
    private const double ThrottleThreshold = 0.5;
    private const int MostThrottle = 99;

    private readonly SimulatedGuest _guest;
    private readonly bool _autoConverge;
    private readonly int _throttleInitial;
    private readonly int _throttleIncrement;
    private readonly double _bandwidth;

    private double _left;
    private double _dirtied;
    private double _sent;
    private double _iterationFrom;
    private double _atLastSync;
    private long _iteration = 1;
    private int _throttle;
    private double _periodFrom;
    private double _periodSent;
    private double _periodDirtied;
    private int _highPeriods;

    internal SimulatedMigration(SimulatedGuest guest, MigrationPolicy policy, TimeSpan limit)
    {
        _guest = guest;
        Limit = limit;
        _autoConverge = policy.AutoConverge;
        _throttleInitial = policy.Options.AutoConvergeInitial ?? 20;
        _throttleIncrement = policy.Options.AutoConvergeIncrement ?? 10;
        _bandwidth = Math.Min(guest.LinkBytesPerSecond, guest.BandwidthBytesPerSecond ?? long.MaxValue);
        _left = guest.MemoryBytes;
    }

    internal double Now { get; private set; }

    internal TimeSpan Elapsed => TimeSpan.FromSeconds(Now);

    internal TimeSpan Limit { get; set; }

    internal bool CanSwitchOver => _left <= Threshold;

    private double Threshold => _bandwidth * Limit.TotalSeconds;

    private double Set => Math.Min(_guest.WorkingSetBytes, _guest.MemoryBytes);

    private double WantedRate => _guest.Dirtying.LastOrDefault(rate => rate.From <= Elapsed)?.BytesPerSecond ?? 0;

    private double DirtyRate => Math.Min(WantedRate, (_guest.FullSpeedBytesPerSecond ?? WantedRate) * (1 - (_throttle / 100.0)));

    /// <summary>What was dirtied and is not left to be sent anyway. The guest comes first to what it wrote longest ago, and that is what has been sent.</summary>
    private double NewlyDirty => Math.Min(_dirtied, Math.Max(0, Set - _left));

    internal PolicyObservation Observe(bool atBoundary) => new(
        Elapsed, _iteration, _guest.MemoryBytes, (long)_left, (long)_bandwidth, (long)DirtyRate,
        _atLastSync > 0 ? TimeSpan.FromSeconds(_atLastSync / _bandwidth) : null, atBoundary, InPostCopy: false);

    /// <summary>Goes on to the end of the iteration, or to a moment before it.</summary>
    /// <returns>Whether the iteration ended.</returns>
    internal bool Advance(double until)
    {
        while (true)
        {
            double end = Math.Max(Now + Math.Max(0, (_left - Threshold) / _bandwidth), _iterationFrom + ShortestIteration);
            double change = _guest.Dirtying.Select(rate => rate.From.TotalSeconds).FirstOrDefault(from => from > Now, double.MaxValue);
            double next = Math.Min(Math.Min(end, until), change);
            Send(next);
            if (next >= end)
            {
                Synchronise();
                return true;
            }

            if (next >= until)
            {
                return false;
            }
        }
    }

    internal SimulationResult SwitchOver(IReadOnlyList<SimulatedAction> actions) => End(SimulationOutcome.Completed, _left, StandsStill(_left), 0, actions);

    internal SimulationResult PostCopy(IReadOnlyList<SimulatedAction> actions)
    {
        double rest = _left + NewlyDirty;
        return End(SimulationOutcome.PostCopy, rest, StandsStill(0), rest / _guest.LinkBytesPerSecond, actions);
    }

    internal SimulationResult GiveUp(IReadOnlyList<SimulatedAction> actions) => End(SimulationOutcome.GaveUp, 0, 0, 0, actions);

    private void Send(double until)
    {
        double sent = Math.Min(_left, _bandwidth * (until - Now));
        _dirtied = Math.Min(Set, _dirtied + (DirtyRate * (until - Now)));
        _left -= sent;
        _sent += sent;
        Now = until;
    }

    private void Synchronise()
    {
        double dirty = NewlyDirty;
        _left += dirty;
        _dirtied = 0;
        _atLastSync = _left;
        _iterationFrom = Now;
        _iteration++;
        _periodDirtied += dirty;
        if (Now - _periodFrom < ThrottlePeriod)
        {
            return;
        }

        if (_autoConverge && _periodDirtied > (_sent - _periodSent) * ThrottleThreshold && ++_highPeriods >= 2)
        {
            _highPeriods = 0;
            _throttle = Math.Min(MostThrottle, _throttle == 0 ? _throttleInitial : _throttle + _throttleIncrement);
        }

        (_periodFrom, _periodSent, _periodDirtied) = (Now, _sent, 0);
    }

    private double StandsStill(double rest) => (rest / _guest.LinkBytesPerSecond) + (_guest.SwitchOverCost + _guest.DeviceCost).TotalSeconds;

    private SimulationResult End(SimulationOutcome outcome, double rest, double standsStill, double after, IReadOnlyList<SimulatedAction> actions) => new(
        outcome, TimeSpan.FromSeconds(Now + standsStill + after), TimeSpan.FromSeconds(standsStill), (long)(_sent + rest), _iteration, _throttle, actions);
}
