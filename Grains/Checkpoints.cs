using System.Collections.Concurrent;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains;

/// <summary>
/// The checkpoints of models as artifacts plus index lines: written so that a crash at any moment leaves a good one, opened from the
/// newest that is good, wherever it lies. Members without Async block on the disk, and on other silos where this one lacks the bytes: they run
/// on a slot's thread.
/// </summary>
internal sealed partial class Checkpoints(
    IArtifactStore artifacts,
    CheckpointIndex index,
    ArtifactExchange exchange,
    ArtifactReplication replication,
    IServiceProvider services,
    IOptions<ArtifactOptions> options,
    TimeProvider clock,
    ILogger<Checkpoints> logger)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, Known> _known = new();

    /// <summary>Sees to it that an artifact just written is on as many silos as it shall be; only then may anything refer to it.</summary>
    public Task PublishAsync(ArtifactReference artifact, CancellationToken cancellation = default) => replication.ReplicateAsync(artifact, cancellation);

    /// <summary>
    /// Brings the newest remembered checkpoint to this silo, before a slot is taken. Where no live silo has it, waits for one that does
    /// for as long as the settings say, but not once every silo of the cluster is back and none has it.
    /// </summary>
    /// <param name="remembered">What the model's state refers to.</param>
    /// <param name="role">For the log.</param>
    /// <param name="most">Most bytes of a checkpoint of the model.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArtifactException">This silo cannot store it, e.g. because its disk is full.</exception>
    public async Task BringAsync(IEnumerable<CheckpointReference> remembered, string role, long most, CancellationToken cancellation)
    {
        if (remembered.OrderByDescending(c => c.Step).ThenByDescending(c => c.Term).FirstOrDefault() is not { } newest)
        {
            return;
        }

        // Many models begin to wait at the same moment, when the whole cluster starts.
        var random = new Random(ArtifactExchange.SeedOf(newest.Artifact.Sha256));
        long since = clock.GetTimestamp();
        for (bool told = false; ; told = true)
        {
            try
            {
                await exchange.FetchAsync(newest.Artifact, most, cancellation: cancellation);
                return;
            }
            catch (ArtifactException e) when (!e.IsUnwritable)
            {
                if (clock.GetElapsedTime(since) >= options.Value.WaitForHolder || await exchange.IsNowhereAsync(newest.Artifact.Sha256, cancellation))
                {
                    LogNotBrought(role, newest.Step, e.Message);
                    return;
                }

                if (!told)
                {
                    LogWaiting(role, newest.Step, options.Value.WaitForHolder.TotalSeconds);
                }
            }

            await Task.Delay(Retry.Shortened(Look, random), clock, cancellation);
        }
    }

    /// <summary>Writes the session's checkpoint.</summary>
    /// <param name="run">The run.</param>
    /// <param name="role">The model.</param>
    /// <param name="start">Spec and data that are trained.</param>
    /// <param name="term">Term of the activation that writes.</param>
    /// <param name="session">What is written.</param>
    public CheckpointReference Write(string run, string role, ModelStart start, long term, ITrainingSession session)
    {
        double? validation = Validation(session);
        CheckpointReference? written = null;
        artifacts.Put(session.SaveCheckpoint(), artifact =>
        {
            written = new CheckpointReference(artifact, session.Step, term, validation);
            Known known = KnownOf(run, role);
            lock (known)
            {
                known.Terms[artifact.Sha256] = term;
            }

            index.Append(run, role, new CheckpointRecord(start.SpecHash, session.Step, term, artifact.Sha256, artifact.Bytes, validation, start.Fingerprint));
        });
        return written!;
    }

    /// <summary>
    /// Every checkpoint that still exists on a live silo, from what the grain remembers and from the index, newest first. For who is about to
    /// open one: the next <see cref="Retain"/> looks at the whole index.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="role">The model.</param>
    /// <param name="start">Spec and data that it must be of.</param>
    /// <param name="remembered">What the model's state refers to.</param>
    public IReadOnlyList<CheckpointReference> Candidates(string run, string role, ModelStart start, IEnumerable<CheckpointReference> remembered)
    {
        Known known = KnownOf(run, role);
        lock (known)
        {
            known.IsWhole = false;
        }

        CheckpointReference[] all =
        [
            .. index.Read(run, role)
                .Where(r => r.IsOf(start.SpecHash, start.Fingerprint))
                .Select(r => r.ToReference())
                .Concat(remembered)
                .GroupBy(c => c.Artifact.Sha256)
                .Select(g => g.MaxBy(c => c.Term)!)
                .OrderByDescending(c => c.Step)
                .ThenByDescending(c => c.Term),
        ];
        string[] elsewhere = [.. all.Select(c => c.Artifact.Sha256).Where(name => !artifacts.Contains(name))];
        HashSet<string> lost = [.. elsewhere
            .Chunk(Contracts.Artifacts.IArtifactHost.MaxNames)
            .SelectMany(names => names.Zip(exchange.HoldersAsync(names).GetAwaiter().GetResult()))
            .Where(n => n.Second.Count == 0)
            .Select(n => n.First)];
        return [.. all.Where(c => !lost.Contains(c.Artifact.Sha256))];
    }

    /// <summary>The highest term that the index knows of a model; 0 = none.</summary>
    public long HighestTerm(string run, string role) => index.Read(run, role).Select(r => r.Term).DefaultIfEmpty().Max();

    /// <summary>Opens the newest good checkpoint, passing over missing, corrupt and foreign ones, or starts from scratch.</summary>
    /// <param name="candidates">Newest first.</param>
    /// <param name="open">Opens a session from bytes, or from scratch.</param>
    /// <param name="role">For the log.</param>
    /// <param name="most">Most bytes of a checkpoint of the model.</param>
    /// <returns>The session and the checkpoint that it comes from, null = from scratch.</returns>
    /// <exception cref="ArtifactException">This silo cannot store a checkpoint that another one has: no reason to go on from an older one.</exception>
    public (ITrainingSession Session, CheckpointReference? From) OpenNewest(
        IReadOnlyList<CheckpointReference> candidates, Func<byte[]?, ITrainingSession> open, string role, long most)
    {
        foreach (CheckpointReference candidate in candidates)
        {
            try
            {
                return (open(exchange.Read(candidate.Artifact, most)), candidate);
            }
            catch (Exception e) when (e is ArtifactException { IsUnwritable: false } or InvalidDataException)
            {
                LogPassedOver(role, candidate.Step, e.Message);
            }
        }

        return (open(null), null);
    }

    /// <summary>
    /// Deletes, on all live silos, the model's checkpoints that are not kept: those written or kept since a model was opened here, and the first time
    /// after that whatever the index knows, which may be long. Only after the state that keeps the others is stored.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="role">The model.</param>
    /// <param name="kept">What the state refers to.</param>
    /// <param name="term">Term of the activation that asks: what a newer one wrote is not touched.</param>
    public void Retain(string run, string role, IEnumerable<CheckpointReference?> kept, long term)
    {
        Known known = KnownOf(run, role);
        string[] gone;
        lock (known)
        {
            if (!known.IsWhole)
            {
                foreach (CheckpointRecord record in index.Read(run, role).Where(r => artifacts.Contains(r.Sha256)))
                {
                    known.Terms[record.Sha256] = record.Term;
                }

                known.IsWhole = true;
            }

            Dictionary<string, long> names = kept.OfType<CheckpointReference>().DistinctBy(c => c.Artifact.Sha256).ToDictionary(c => c.Artifact.Sha256, c => c.Term);
            gone = [.. known.Terms.Where(k => k.Value <= term && !names.ContainsKey(k.Key)).Select(k => k.Key)];
            Array.ForEach(gone, name => known.Terms.Remove(name));
            foreach ((string name, long written) in names)
            {
                known.Terms[name] = written;
            }
        }

        Array.ForEach(gone, artifacts.Delete);
        DropElsewhere(gone);
    }

    /// <summary>Has all live silos forget which checkpoints a run had.</summary>
    public Task ForgetAsync(string run)
    {
        foreach (string key in _known.Keys.Where(k => k.StartsWith(run + "/", StringComparison.Ordinal)))
        {
            _known.TryRemove(key, out _);
        }

        return replication.ForgetRunAsync(run);
    }

    /// <summary>Deletes, on all live silos, those artifacts of a removed run to which no other state refers.</summary>
    public async Task DropAsync(IEnumerable<ArtifactReference> referred, CancellationToken cancellation)
    {
        IReadOnlySet<string>? others = services.GetService(typeof(IArtifactRoots)) is IArtifactRoots roots ? await roots.ReadAsync(cancellation) : new HashSet<string>();
        if (others is not null)
        {
            await replication.DropAsync([.. referred.Select(r => r.Sha256).Distinct().Where(name => !others.Contains(name))]);
        }
    }

    /// <summary>Stores the final weights.</summary>
    public ArtifactReference WriteWeights(ITrainingSession session) => artifacts.Put(session.SaveWeights());

    /// <summary>Stores the weights of a checkpoint.</summary>
    /// <exception cref="ArtifactException">Its bytes are missing or corrupt.</exception>
    public ArtifactReference WriteWeights(CheckpointReference checkpoint, Func<byte[], ITrainingSession> open)
    {
        using ITrainingSession session = open(exchange.Read(checkpoint.Artifact));
        return WriteWeights(session);
    }

    /// <summary>Whether a live silo has the bytes and they are good; bad ones move to quarantine.</summary>
    public bool IsGood(ArtifactReference reference) => exchange.IsGood(reference.Sha256);

    /// <summary>A model is not trained here any more: what may lie on the disk is looked up in the index when it is again.</summary>
    public void Close(string run, string role) => _known.TryRemove(run + "/" + role, out _);

    /// <summary>Models of whose checkpoints something is remembered.</summary>
    internal int Remembered => _known.Count;

    private Known KnownOf(string run, string role) => _known.GetOrAdd(run + "/" + role, _ => new Known());

    // Nobody waits for it: what a silo does not hear of, it collects later.
    private void DropElsewhere(string[] names)
    {
        if (names.Length > 0)
        {
            _ = Task.Run(() => replication.DropAsync(names));
        }
    }

    // Only of the very weights that are written.
    private static double? Validation(ITrainingSession session) =>
        session.History.LastOrDefault(r => r.Name == MetricNames.Validation) is { } row && row.Step == session.Step ? row.Value : null;

    /// <summary>Checkpoints of one model that may lie on a disk.</summary>
    private sealed class Known
    {
        /// <summary>The term of each, by its name.</summary>
        public Dictionary<string, long> Terms { get; } = [];

        /// <summary>Whether what the index knows is among them.</summary>
        public bool IsWhole { get; set; }
    }

    [LoggerMessage(EventId = 1011, Level = LogLevel.Warning, Message = "{Role}: the checkpoint of step {Step} cannot be used, trying an older one: {Reason}")]
    private partial void LogPassedOver(string role, int step, string reason);

    [LoggerMessage(EventId = 1012, Level = LogLevel.Warning, Message = "{Role}: no live silo has the checkpoint of step {Step}; waiting up to {Seconds} s for one that has")]
    private partial void LogWaiting(string role, int step, double seconds);

    [LoggerMessage(EventId = 1013, Level = LogLevel.Warning, Message = "{Role}: the checkpoint of step {Step} cannot be brought here: {Reason}")]
    private partial void LogNotBrought(string role, int step, string reason);
}
