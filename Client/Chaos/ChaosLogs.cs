using System.Text;

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
            long from = _read.GetValueOrDefault(silo);
            stream.Seek(from, SeekOrigin.Begin);
            byte[] bytes = new byte[stream.Length - from];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

            // The rest of a line that is being written comes with the next look.
            int whole = bytes.AsSpan(0, count).LastIndexOf((byte)'\n') + 1;
            found.AddRange(Encoding.UTF8.GetString(bytes, 0, whole).Split('\n').Where(IsUnhandled).Select(line => $"{silo}: {line.TrimEnd()}"));
            _read[silo] = from + whole;
        }

        return [.. found];
    }

    /// <summary>Whether a line of a log tells of an exception that nobody handled.</summary>
    internal static bool IsUnhandled(string line) =>
        line.Contains("Unhandled exception", StringComparison.OrdinalIgnoreCase) || line.StartsWith("crit:", StringComparison.Ordinal) || line.Contains("Z crit:", StringComparison.Ordinal)
        || line.StartsWith("Fatal error", StringComparison.Ordinal) || line.Contains("UnobservedTaskException", StringComparison.Ordinal)
        || line.Contains(" faulted", StringComparison.Ordinal);
}
