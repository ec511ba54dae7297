using System.Text.Json;

namespace Storm;

/// <summary>The workers of one process: each makes its requests one after the other, and writes a line for each.</summary>
internal static class StormWorkers
{
    internal static async Task<int> RunAsync(
        StormOptions options, int first, int end, string folder, IReadOnlyList<string> uris, TextWriter output, CancellationToken cancellationToken)
    {
        await using Hosts hosts = await Hosts.ConnectAsync(uris.Select(uri => (uri[..uri.IndexOf('=', StringComparison.Ordinal)], uri[(uri.IndexOf('=', StringComparison.Ordinal) + 1)..])), cancellationToken);
        StormActor[] actors = [.. Enumerable.Range(0, options.Guests).Select(number => new StormActor(hosts, StormGuest.Read(folder, number), folder))];
        var writing = new Lock();
        await Task.WhenAll(Enumerable.Range(first, end - first).Select(async worker =>
        {
            int index = 0;
            foreach (StormRequest request in StormRequest.Of(options.Seed, worker, options.Guests, options.RequestsOf(worker), options.Migrates))
            {
                StormRecord record = (await actors[request.Guest].ActAsync(request, cancellationToken)) with { Worker = worker, Index = index++ };
                lock (writing)
                {
                    output.WriteLine(JsonSerializer.Serialize(record, StormJson.Default.StormRecord));
                    output.Flush();
                }
            }
        }));
        return 0;
    }
}
