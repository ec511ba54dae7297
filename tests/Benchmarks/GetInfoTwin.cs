using System.Globalization;

namespace Benchmarks;

/// <summary>c/getinfo.c, compiled for one run.</summary>
internal sealed class GetInfoTwin : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orchestrator-bench-").FullName;

    private string Binary => Path.Combine(_folder, "getinfo");

    public static async Task<GetInfoTwin> CompileAsync()
    {
        var twin = new GetInfoTwin();
        _ = await Command.RunAsync("cc", "-O2", "-o", twin.Binary, Path.Combine(AppContext.BaseDirectory, "c", "getinfo.c"), "-lvirt", "-lpthread");
        return twin;
    }

    /// <summary>Nanoseconds of wall clock per call.</summary>
    public async Task<double> MeasureAsync(string uri, string domain, int calls, int threads) =>
        double.Parse(
            await Command.RunAsync(Binary, uri, domain, calls.ToString(CultureInfo.InvariantCulture), threads.ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
