using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Orchestrator.Hosts;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Notification;

/// <summary>
/// Tells of a night that did not pass: to a program of the user's, and to a webhook. That nobody could be told changes nothing of the night: it is a note.
/// </summary>
/// <param name="time">Where time comes from.</param>
public sealed class RunNotifier(TimeProvider? time = null)
{
    // What a program said is quoted as far as a line of a log is read.
    private const int Quoted = 300;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Tells of a run, unless it passed.</summary>
    /// <param name="run">The judged run.</param>
    /// <param name="runJson">Its file, which the program gets the path of.</param>
    /// <param name="targets">Who is told.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What did not work, in sentences for the reader of a log; empty when all were told, or nobody had to be.</returns>
    public async Task<IReadOnlyList<string>> NotifyAsync(RegressionRun run, string runJson, NotificationTargets targets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(targets);
        if (run.Verdict == Verdict.Passed && run.ExitCode == OutcomeCode.Done)
        {
            return [];
        }

        // One does not wait for the other: the program may take all of its time.
        string?[] notes = await Task.WhenAll(
            targets.OnFailure.Count > 0 ? RunAsync(run, Path.GetFullPath(runJson), targets, cancellationToken) : Task.FromResult<string?>(null),
            targets.Webhook is { } webhook ? PostAsync(run, webhook, targets.Timeout, cancellationToken) : Task.FromResult<string?>(null)).ConfigureAwait(false);
        return [.. notes.OfType<string>()];
    }

    private async Task<string?> RunAsync(RegressionRun run, string runJson, NotificationTargets targets, CancellationToken cancellationToken)
    {
        string program = targets.OnFailure[0];
        if (HostProgram.Find(program) is not { } path)
        {
            return $"the command on failure was not run: {program} is not there";
        }

        var start = new ProcessStartInfo(path, targets.OnFailure.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ORCHESTRATOR_RUN_JSON"] = runJson;
        start.Environment["ORCHESTRATOR_RUN_ID"] = run.Id;
        start.Environment["ORCHESTRATOR_PLAN"] = run.Plan;
        start.Environment["ORCHESTRATOR_VERDICT"] = ReportText.Code(run.Verdict);
        start.Environment["ORCHESTRATOR_EXIT_CODE"] = run.ExitCode.ToString(CultureInfo.InvariantCulture);
        try
        {
            using Process process = Process.Start(start)!;
            using var deadline = new CancellationTokenSource(targets.Timeout, _time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                Task<string> output = HostProgram.ReadAsync(process.StandardOutput, end);
                Task<string> error = HostProgram.ReadAsync(process.StandardError, end);
                await WriteAsync(process, NotificationDocument.Of(run, runJson).ToJson(), end.Token).ConfigureAwait(false);
                await Task.WhenAll(output, error, process.WaitForExitAsync(end.Token)).ConfigureAwait(false);
                return process.ExitCode == 0 ? null
                    : $"the command on failure, {program}, ended with code {process.ExitCode.ToString(CultureInfo.InvariantCulture)}{Quote((await error.ConfigureAwait(false)).Trim() is { Length: > 0 } text ? text : (await output.ConfigureAwait(false)).Trim())}";
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return cancellationToken.IsCancellationRequested ? $"the command on failure, {program}, was ended: cancelled"
                    : $"the command on failure, {program}, was ended: it took longer than {ReportText.Duration(targets.Timeout)}, or said too much";
            }
        }
        catch (Win32Exception e)
        {
            return $"the command on failure was not run: {program}: {e.Message}";
        }
    }

    // A program need not read what it is told.
    private static async Task WriteAsync(Process process, string text, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(text.AsMemory(), cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
        }
    }

    private async Task<string?> PostAsync(RegressionRun run, Uri webhook, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Chats' webhooks have their secret in the path.
        string where = webhook.IsDefaultPort ? $"{webhook.Scheme}://{webhook.Host}" : $"{webhook.Scheme}://{webhook.Host}:{webhook.Port.ToString(CultureInfo.InvariantCulture)}";
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            // Another address that the answer names would be asked with GET: whoever reads there was told nothing.
            using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
            using var client = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook);
            if (webhook.UserInfo.Length > 0)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(webhook.UserInfo))));
            }

            request.Content = new StringContent(NotificationDocument.Of(run, runJson: null).ToJson(), Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : $"the webhook at {where} answered {((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture)}: it may not have been told";
        }
        catch (OperationCanceledException)
        {
            return $"the webhook at {where} {(cancellationToken.IsCancellationRequested ? "was not waited for: cancelled" : $"did not answer within {ReportText.Duration(timeout)}")}";
        }
        catch (HttpRequestException e)
        {
            return $"the webhook at {where} was not told: {(e.InnerException ?? e).Message}";
        }
    }

    private static string Quote(string text) => text.Length == 0 ? "" : $": {ReportText.Line(text.Length > Quoted ? text[..Quoted] + "…" : text)}";
}
