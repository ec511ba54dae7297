namespace Orchestrator.Cli;

/// <summary>What is wrong with a document, for people: each thing once, with all places where it stands and what to write instead.</summary>
internal static class ProblemText
{
    internal static void Write(TextWriter writer, IReadOnlyList<ErrorProblem> problems)
    {
        foreach (IGrouping<string, ErrorProblem> same in problems.GroupBy(problem => problem.Message))
        {
            writer.WriteLine(CliConsole.Printable($"  {same.Key}"));
            foreach (ErrorProblem problem in same.Where(problem => problem.Path is not null))
            {
                writer.WriteLine(CliConsole.Printable($"    at {problem.Path}{(problem.Line is null ? "" : $", line {problem.Line}, column {problem.Column}")}"));
            }

            foreach (string alternative in same.First().Alternatives)
            {
                writer.WriteLine(CliConsole.Printable($"    instead: {alternative}"));
            }
        }
    }
}
