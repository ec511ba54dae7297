using System.Text.Json;

namespace Orchestrator;

/// <summary>An error for programs.</summary>
/// <param name="Code">A stable code in snake case: libvirt's where the error is libvirt's.</param>
/// <param name="Message">What happened.</param>
/// <param name="Host">The host it happened on.</param>
/// <param name="Operation">What was being done.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record ErrorDocument(string Code, string Message, string? Host = null, string? Operation = null, string? Remedy = null)
{
    /// <summary>The single things that are wrong, where there may be several; <see langword="null"/> otherwise.</summary>
    public IReadOnlyList<ErrorProblem>? Problems { get; init; }

    /// <summary>The stable code of an enumeration's member: <c>OperationFailed</c> is <c>operation_failed</c>.</summary>
    /// <param name="member">The member.</param>
    public static string CodeOf(Enum member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member.ToString());
}

/// <summary>One of the things that are wrong with a document.</summary>
/// <param name="Path">Where it stands: <c>/domain/devices/hostdev[2]/@migration</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Line">Its line in the file, from 1.</param>
/// <param name="Column">Its column, from 1.</param>
/// <param name="Alternatives">What to write instead.</param>
public sealed record ErrorProblem(string? Path, string Message, int? Line, int? Column, IReadOnlyList<string> Alternatives);
