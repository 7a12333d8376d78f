using System.Diagnostics;
using System.Text.Json;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// What checkpoints were ever written, one append-only file <c>checkpoints/RUN/ROLE.jsonl</c> per model. It is a second witness: if the
/// state database is lost or rolled back, models find their newest checkpoint here; and as a line is written before its artifact, every
/// artifact of a model is known to it. A torn or foreign line is skipped. A file is open for one writer or for readers, over processes
/// too. Calls block on the disk: make them on a slot's thread.
/// </summary>
public sealed class CheckpointIndex(string folder)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _root = Path.Combine(Path.GetFullPath(folder), "checkpoints");

    /// <summary>Appends a line and flushes it to the disk.</summary>
    public void Append(string run, string role, CheckpointRecord record)
    {
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(record, Options);
        string path = PathOf(run, role);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Alone(() =>
        {
            AtomicFile.AppendLine(path, line);
            return true;
        });
    }

    /// <summary>The lines of a model in the order they were written; empty where there is no file.</summary>
    public IReadOnlyList<CheckpointRecord> Read(string run, string role)
    {
        string path = PathOf(run, role);
        return File.Exists(path) ? [.. Alone(() => File.ReadAllLines(path)).Select(Parse).OfType<CheckpointRecord>()] : [];
    }

    /// <summary>Forgets the models of a run.</summary>
    public void Forget(string run)
    {
        string folder = FolderOf(run);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Whoever has the file open, or all of the handles, is done with it in a moment.
    private static T Alone<T>(Func<T> work)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return work();
            }
            catch (IOException e) when (PassingErrors.Is(e) && clock.Elapsed < Patience)
            {
                Thread.Sleep(1);
            }
        }
    }

    private static CheckpointRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<CheckpointRecord>(line, Options) is { SpecHash: not null, Bytes: >= 0 } record
                && ArtifactNames.IsName(record.Sha256)
                ? record
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string FolderOf(string run) => IsPlain(run)
        ? Path.Combine(_root, run)
        : throw new ArgumentException($"'{run}' is not the name of a run or of a role.");

    private string PathOf(string run, string role) => IsPlain(role)
        ? Path.Combine(FolderOf(run), role + ".jsonl")
        : throw new ArgumentException($"'{role}' is not the name of a run or of a role.");

    internal static bool IsPlain(string? name) => name is { Length: > 0 and <= 128 } && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
