using System.Security.Cryptography;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>What a run must end with, bit for bit, however often it was interrupted: weights, metric rows, pictures.</summary>
internal sealed class Outcome
{
    private static readonly Lazy<Task<Outcome>> Uninterrupted = new(RunAsync);

    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private readonly string[] _rows;

    private Outcome(string run)
    {
        string model = Path.Combine(run, "model");
        IEnumerable<string> files = Directory.EnumerateFiles(model, "*.safetensors", SearchOption.AllDirectories)
            .Append(Path.Combine(run, "samples.png")).Append(Path.Combine(run, "clusters.png"));
        foreach (string file in files)
        {
            _hashes.Add(Path.GetRelativePath(run, file), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));
        }

        _rows = File.ReadAllLines(Path.Combine(run, "metrics.jsonl"));
    }

    /// <summary>Asserts that the run in a folder has ended as <see cref="TinyRun.Long"/> does when nothing interrupts it.</summary>
    public static async Task AssertUninterruptedAsync(string run)
    {
        Outcome expected = await Uninterrupted.Value;
        var actual = new Outcome(run);
        Assert.Equal(expected._rows, actual._rows);
        Assert.Equal(expected._hashes, actual._hashes);
        Assert.Equal(5, actual._hashes.Count);
    }

    private static async Task<Outcome> RunAsync()
    {
        using var folder = new Grains.RunFolder();
        await DdmProcess.ExpectAsync(0, folder, TinyRun.Long());
        return new Outcome(folder.File("runs/shapes"));
    }
}
