using System.Text.Json;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// What checkpoints were ever written, one append-only file <c>checkpoints/RUN/ROLE.jsonl</c> per model. It is a second witness: if the
/// state database is lost or rolled back, models find their newest checkpoint here; and as a line is written before its artifact, every
/// artifact of a model is known to it. A torn or foreign line is skipped. Calls block on the disk: make them on a slot's thread.
/// </summary>
public sealed class CheckpointIndex(string folder)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Lock _lock = new();
    private readonly string _root = Path.Combine(Path.GetFullPath(folder), "checkpoints");

    /// <summary>Appends a line and flushes it to the disk.</summary>
    public void Append(string run, string role, CheckpointRecord record)
    {
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(record, Options);
        string path = PathOf(run, role);
        lock (_lock)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.AppendLine(path, line);
        }
    }

    /// <summary>The lines of a model in the order they were written; empty where there is no file.</summary>
    public IReadOnlyList<CheckpointRecord> Read(string run, string role)
    {
        string path = PathOf(run, role);
        if (!File.Exists(path))
        {
            return [];
        }

        var records = new List<CheckpointRecord>();
        lock (_lock)
        {
            foreach (string line in File.ReadLines(path))
            {
                if (Parse(line) is { } record)
                {
                    records.Add(record);
                }
            }
        }

        return records;
    }

    private static CheckpointRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<CheckpointRecord>(line, Options) is { SpecHash: not null, Sha256: { Length: 64 } name } record
                && name.All(char.IsAsciiHexDigitLower)
                ? record
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string PathOf(string run, string role) => Path.Combine(_root, run, role + ".jsonl");
}
