using OrleansDDM.Silos.Local;

namespace OrleansDDM.Client.Chaos;

/// <summary>What the silos of a local cluster have logged since the last look that no promise allows.</summary>
internal sealed class ChaosLogs(string folder, IReadOnlyList<string> silos)
{
    private readonly Dictionary<string, long> _read = [];

    /// <summary>Lines about exceptions that nobody handled since the last call.</summary>
    public string[] Unhandled()
    {
        var found = new List<string>();
        foreach (string silo in silos)
        {
            string path = LocalCluster.LogOf(folder, silo);
            if (!File.Exists(path))
            {
                continue;
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            stream.Seek(_read.GetValueOrDefault(silo), SeekOrigin.Begin);
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                if (IsUnhandled(line))
                {
                    found.Add($"{silo}: {line}");
                }
            }

            _read[silo] = stream.Position;
        }

        return [.. found];
    }

    /// <summary>Whether a line of a log tells of an exception that nobody handled.</summary>
    internal static bool IsUnhandled(string line) =>
        line.Contains("Unhandled exception", StringComparison.OrdinalIgnoreCase) || line.StartsWith("crit:", StringComparison.Ordinal)
        || line.StartsWith("Fatal error", StringComparison.Ordinal) || line.Contains("UnobservedTaskException", StringComparison.Ordinal)
        || line.Contains(" faulted", StringComparison.Ordinal);
}
