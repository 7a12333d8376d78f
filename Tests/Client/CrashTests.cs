using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>A run whose process is killed again and again ends bit-identical to one that nobody disturbed.</summary>
public sealed class CrashTests : IDisposable
{
    private const string Run = "runs/shapes";

    private readonly Grains.RunFolder _folder = new();
    private readonly Random _random = new(20260101);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Kills_at_any_moment_change_no_bit()
    {
        await KillAsync(TinyRun.Long(), p => p.UntilAsync(() => File.Exists(_folder.File(Run + "/run.json"))), 300);
        Assert.Contains("interrupted", (await DdmProcess.ExpectAsync(0, _folder, "runs")).Output, StringComparison.Ordinal);
        await KillAsync(TinyRun.Long(), p => p.UntilSaidAsync("Training the experts"), 200);
        await KillAsync(Resume, p => Grown(p, 1), 50);
        Assert.Contains("interrupted", (await DdmProcess.ExpectAsync(0, _folder, "status", "--run", Run)).Output, StringComparison.Ordinal);
        await KillAsync(Resume, p => Grown(p, 2), 100);
        await KillAsync(Resume, p => p.UntilAsync(() => File.Exists(_folder.File(Run + "/endpoint.json"))), 400);
        await KillAsync(Resume, p => Grown(p, 3), 200);
        await KillAsync(Resume, p => p.UntilSaidAsync(" done: "), 200);
        await KillAsync(Resume, p => p.UntilSaidAsync("Judging"), 400);
        await KillAsync(Resume, p => p.UntilSaidAsync("Drawing the pictures"), 50, mayEnd: true); // it takes a moment only
        await DdmProcess.ExpectAsync(0, _folder, Resume);
        await Outcome.AssertUninterruptedAsync(_folder.File(Run));
    }

    [Fact]
    public async Task Truncated_and_lost_files_change_no_bit()
    {
        await KillAsync(TinyRun.Long(), p => Grown(p, 3), 100);
        Truncate(Newest());
        await KillAsync(Resume, p => Grown(p, 3), 100);
        Truncate(_folder.File(Run + "/state.db"), keep: 0);
        await KillAsync(Resume, p => Grown(p, 2), 100);
        File.Delete(_folder.File(Run + "/state.db"));
        await KillAsync(Resume, p => Grown(p, 2), 100);
        Truncate(_folder.File(Run + "/state.db-wal"));
        Truncate(Newest("artifacts"));
        await KillAsync(Resume, p => Grown(p, 2), 100);
        Truncate(_folder.File(Run + "/state.db"));
        Truncate(Newest("checkpoints"));
        Truncate(_folder.File(Run + "/metrics.jsonl"));
        Truncate(_folder.File(Run + "/status.json"));
        Assert.Equal(0, (await DdmProcess.RunAsync(_folder, "status", "--run", Run)).ExitCode);
        await KillAsync(Resume, p => p.UntilSaidAsync("Judging"), 100);
        Truncate(Newest("artifacts"));
        await DdmProcess.ExpectAsync(0, _folder, Resume);
        await Outcome.AssertUninterruptedAsync(_folder.File(Run));
        Truncate(_folder.File(Run + "/metrics.json"));
        await DdmProcess.ExpectAsync(0, _folder, Resume);
        await Outcome.AssertUninterruptedAsync(_folder.File(Run));
    }

    /// <summary>Checkpoints that were ever announced in a run's folder, or by the silos of a cluster's.</summary>
    internal static int Checkpoints(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder, "checkpoints", SearchOption.AllDirectories)
            .SelectMany(f => Directory.EnumerateFiles(f, "*.jsonl", SearchOption.AllDirectories))
            .Sum(Lines)
        : 0;

    // Whoever appends a line has the file for itself that long.
    private static int Lines(string file)
    {
        while (true)
        {
            try
            {
                using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                return reader.ReadToEnd().Count(c => c == '\n');
            }
            catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
            {
                Thread.Yield();
            }
        }
    }

    private static IEnumerable<string> Resume => ["resume", Run, "--slots", "1"];

    private async Task KillAsync(IEnumerable<string> line, Func<DdmProcess, Task<bool>> moment, int spread, bool mayEnd = false)
    {
        using DdmProcess process = DdmProcess.Start(_folder, line);
        bool came = await moment(process);
        if (came)
        {
            await process.ForAsync(TimeSpan.FromMilliseconds(_random.Next(spread)));
        }

        bool killed = came && await process.KillAsync();
        Assert.True(killed || mayEnd, killed ? null : $"It ended before {(came ? "it was killed" : "the moment came")}: {await process.EndAsync()}");
    }

    private Task<bool> Grown(DdmProcess process, int by)
    {
        int before = Checkpoints(_folder.File(Run));
        return process.UntilAsync(() => Checkpoints(_folder.File(Run)) >= before + by);
    }

    private string Newest(string below = "") => Directory.EnumerateFiles(_folder.File(Path.Combine(Run, below)), "*", SearchOption.AllDirectories)
        .Where(f => new FileInfo(f).Length > 0 && Path.GetFileName(f) != "run.json")
        .MaxBy(File.GetLastWriteTimeUtc)!;

    private static void Truncate(string file, int? keep = null)
    {
        using FileStream stream = File.OpenWrite(file);
        stream.SetLength(keep ?? stream.Length / 2);
    }
}
