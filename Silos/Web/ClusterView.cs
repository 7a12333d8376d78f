using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Web;

/// <summary>
/// Reads the cluster for the page: who is in it, what its slots do, and how its runs are. Reads are shared: however many look, silos and runs are
/// asked once in <see cref="Freshness"/>, and only while somebody looks.
/// </summary>
internal sealed class ClusterView(
    IClusterMembershipService membership,
    ILocalSiloDetails self,
    IDeviceHostClient devices,
    IStateDatabase database,
    IGrainFactory grains,
    SiloLog log,
    TimeProvider clock) : IDisposable
{
    /// <summary>Age up to which a view is shown again.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    // Runs that are asked; the page of a cluster with more of them says so.
    private const int MostRuns = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // What silos hold changes slowly, and to tell it they list their files.
    private static readonly TimeSpan ArtifactsFreshness = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _reading = new(1);
    private IReadOnlyList<string> _keys = [];
    private ClusterPage? _page;
    private long _readAt;
    private ArtifactHostStatus[]? _artifacts;
    private long _artifactsReadAt;

    /// <summary>The cluster now.</summary>
    public async Task<ClusterPage> GetAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            if (_page is null || clock.GetElapsedTime(_readAt) >= Freshness)
            {
                _page = await ReadAsync(cancellation);
                _readAt = clock.GetTimestamp();
            }

            return _page;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Whether a run of this name was ever submitted. A name that was not must not wake a grain.</summary>
    public async Task<bool> HasRunAsync(string name, CancellationToken cancellation) =>
        name.Length > 0 && ((await GetAsync(cancellation)).Runs.Any(r => r.Name == name) || (await database.RunKeysAsync(cancellation)).Contains(GrainKeys.Run(name)));

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async Task<ClusterPage> ReadAsync(CancellationToken cancellation)
    {
        // Of several lives of a silo the newest counts.
        ClusterMember[] members = [.. membership.CurrentSnapshot.Members.Values
            .GroupBy(m => m.Name).Select(g => g.OrderBy(m => m.Status == SiloStatus.Dead).ThenByDescending(m => m.SiloAddress.Generation).First())
            .OrderBy(m => m.Name, StringComparer.Ordinal)];
        Task<SiloCard[]> silos = Task.WhenAll(members.Select(m => ReadAsync(m, cancellation)));
        Task<ArtifactHostStatus[]> artifacts = ArtifactsAsync(cancellation);
        string? problem = null;
        try
        {
            _keys = await database.RunKeysAsync(cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            problem = "The database does not answer: " + e.Message;
        }

        RunCard[] runs = await Task.WhenAll(_keys.Take(MostRuns).Select(k => ReadAsync(k, cancellation)));
        ArtifactHostStatus[] held = await artifacts;
        return new ClusterPage(
            self.Name,
            [.. (await silos).Select(s => s with { Artifacts = held.FirstOrDefault(h => h.Silo == s.Name && s.Slots is not null) })],
            runs,
            Math.Max(0, _keys.Count - MostRuns),
            log.Events(),
            held.Sum(h => h.UnderReplicated),
            problem);
    }

    private async Task<ArtifactHostStatus[]> ArtifactsAsync(CancellationToken cancellation)
    {
        if (_artifacts is null || clock.GetElapsedTime(_artifactsReadAt) >= ArtifactsFreshness)
        {
            _artifactsReadAt = clock.GetTimestamp();
            try
            {
                _artifacts = await grains.GetGrain<IArtifactsGrain>(GrainKeys.Artifacts).GetStatusAsync(cancellation).MayBeGivenUp().WaitAsync(Patience, clock, cancellation);
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                _artifacts ??= []; // What was known is shown until somebody answers.
            }
        }

        return _artifacts;
    }

    private async Task<SiloCard> ReadAsync(ClusterMember member, CancellationToken cancellation)
    {
        SlotStatus[]? slots = null;
        string? device = null;
        if (member.Status == SiloStatus.Active)
        {
            try
            {
                DeviceStatus status = await devices.On(member.SiloAddress).GetStatusAsync(cancellation).MayBeGivenUp().WaitAsync(Patience, clock, cancellation);
                (slots, device) = (status.Slots, DeviceWords.Of(status));
            }
            catch (Exception e) when (IsSilence(e))
            {
                // Shown as such.
            }
        }

        return new SiloCard(member.Name, member.SiloAddress.Endpoint.ToString(), member.Status.ToString().ToLowerInvariant(), slots) { Device = device };
    }

    private async Task<RunCard> ReadAsync(string key, CancellationToken cancellation)
    {
        string name = GrainKeys.RunName(key);
        try
        {
            RunStatus run = await grains.GetGrain<IRunGrain>(key).GetStatusAsync(cancellation).MayBeGivenUp().WaitAsync(Patience, clock, cancellation);
            RunSpec spec = SpecJson.Read(run.Spec);
            return new RunCard(
                name, run.Phase.ToString().ToLowerInvariant(), run.Models.Sum(m => (long)m.Step), run.Models.Sum(m => (long)m.Steps), DataName.Shown(spec.Data.Name), spec.Experts.Count);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // One that cannot be read, e.g. as a newer release wrote it, must not hide the others.
            return new RunCard(name, IsSilence(e) ? "unreachable" : "unreadable", 0, 0, string.Empty, 0);
        }
    }

    /// <summary>Whether a silo that should have answered did not: it has gone, and that is not known yet.</summary>
    internal static bool IsSilence(Exception e) => e is OrleansException or TimeoutException or EnumerationAbortedException;
}
