using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>What a request would do.</summary>
/// <param name="Operation">What is asked for.</param>
/// <param name="Host">The host.</param>
/// <param name="Domain">The domain's name.</param>
/// <param name="Uuid">Its UUID; <see langword="null"/> when there is no such domain.</param>
/// <param name="State">Its state, in words.</param>
/// <param name="Decision">What the matrix says.</param>
/// <param name="Holder">Who works on the domain.</param>
/// <param name="Steps">What would be asked of the host.</param>
/// <param name="Problems">What stands in the way; none means that it can be done.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record LifecyclePlan(
    DomainOperation Operation,
    HostIdentity Host,
    string Domain,
    Guid? Uuid,
    string State,
    MatrixDecision Decision,
    ClaimHolder? Holder,
    IReadOnlyList<string> Steps,
    IReadOnlyList<LifecycleProblem> Problems,
    IReadOnlyList<string> Notes);

/// <summary>Something that stands in the way.</summary>
/// <param name="Message">What it is.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record LifecycleProblem(string Message, string? Remedy);

/// <summary>What a request did.</summary>
/// <param name="Operation">What was asked for.</param>
/// <param name="Host">The host.</param>
/// <param name="Domain">The domain's name.</param>
/// <param name="Uuid">Its UUID; <see langword="null"/> when there is no such domain.</param>
/// <param name="Changed">Whether anything was changed by this request.</param>
/// <param name="Before">The domain's state before, in words; <c>absent</c> when there was none.</param>
/// <param name="After">Its state afterwards, as the host told it.</param>
/// <param name="Waited">How long others were waited for.</param>
/// <param name="Attempts">How often the host was asked.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record LifecycleResult(
    DomainOperation Operation,
    HostIdentity Host,
    string Domain,
    Guid? Uuid,
    bool Changed,
    string Before,
    string After,
    TimeSpan Waited,
    int Attempts,
    IReadOnlyList<string> Notes);
