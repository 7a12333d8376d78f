using Microsoft.Extensions.Logging;

using Orleans.Placement;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Grains.State;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>
/// A model that an island of peers trains. It starts the peers, starts those again that came back, and records the rounds that they complete: the moving
/// average, validation, checkpoints. Peers do not need it between two starts. Recovery: as <see cref="ModelGrain"/>; peers go on under the new term.
/// Key format: <c>model/NAME/ROLE</c>.
/// </summary>
[Immovable]
internal sealed partial class IslandGrain(
    [PersistentState("island", StorageNames.Provider)] IPersistentState<ModelState> state,
    [PersistentState("hosts", StorageNames.Provider)] IPersistentState<IslandState> hosts,
    ModelServices services,
    PeerServices peers) : ModelGrain(state, services), IIslandGrain
{
    // Models in memory at a time beside those of the peers here.
    private const int RoundsAtOnce = 16;

    private readonly ILogger _logger = peers.Loggers.CreateLogger<IslandGrain>();
    private IslandCrew? _crew;
    private bool _atWork;
    private PeerWorkshop.Bench? _bench;
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _watchedAt;

    public Task ReportPeerAsync(PeerReport report, CancellationToken cancellation = default)
    {
        if (report.SpecHash != State.SpecHash)
        {
            return Task.CompletedTask;
        }

        if (!_atWork && State.Phase is ModelPhase.Stopped or ModelPhase.Faulted or ModelPhase.Done)
        {
            // Stopped while nobody knew the peers, or while this one could not be reached.
            IslandState island = OpenRow().Value;
            if (island.SpecHash == report.SpecHash && island.Members.Contains(report.Number))
            {
                _ = StopPeerAsync(new PeerAddress(report.Number, IslandCrew.HostOf(report.Number, island), 1), State.Term, State.Phase == ModelPhase.Done);
            }
        }
        else if (_crew is { } crew && crew.Accept(report))
        {
            _arrived.TrySetResult();
        }

        return Task.CompletedTask;
    }

    /// <summary>Removes its peers' states too. Of a peer whose host is down, the row stays: it is of an island that is no more, and no other one heeds it.</summary>
    public override async Task<ArtifactReference[]> RemoveAsync(long runTerm, CancellationToken cancellation = default)
    {
        ArtifactReference[] referred = await base.RemoveAsync(runTerm, cancellation);
        StateRow<IslandState> island = OpenRow();
        await Task.WhenAll(island.Value.Members.Select(number => RemovePeerAsync(number, IslandCrew.HostOf(number, island.Value), cancellation)));
        await island.ClearAsync();
        _crew = null;
        return referred;
    }

    protected override IslandStatus? Island() => _crew?.Status();

    protected override ITrainingSession Open(RunSpec spec, string specHash, byte[]? checkpoint)
    {
        IIslandLearning learning = peers.Workshop.Learning;
        if (spec.Islands.Protocol == "isolated")
        {
            return learning.OpenAlone(spec, Role, IslandPlan.RowsOfOne(spec, Role, learning.Images(spec)), checkpoint, specHash);
        }

        return learning.OpenRecord(spec, Role, IslandPlan.Of(spec, Role, learning.Images(spec)).Training, checkpoint, specHash);
    }

    protected override async Task OnOpenedAsync(RunSpec spec, string specHash, TrainingLease lease, CancellationToken stop)
    {
        if (spec.Islands.Protocol == "isolated")
        {
            return;
        }

        _bench = peers.Workshop.Open(spec, specHash, Role);
        IslandPlan plan = await _bench.PlanAsync(stop);
        StateRow<IslandState> island = OpenRow();
        if (island.Value.SpecHash != specHash)
        {
            // The peers' shards stay where they are from here on.
            double seconds = await MeasureAsync(spec, plan, stop);
            IslandGraph? graph = plan.Graph is { } edges ? await Services.Slots.RunAsync(Lane.Training, () => IslandTopology.Describe(spec.Islands, edges), stop) : null;
            island.Value = new IslandState
            {
                SpecHash = specHash,
                Hosts = plan.Hosts is { } images ? [.. images.Shares.Select(s => s.Host)] : peers.Hosts.Up(),
                Members = [.. plan.Samples.Keys],
                TrainSeconds = seconds,
                Began = Services.Clock.GetUtcNow(),
                Graph = graph,
            };
            await island.SaveAsync();
        }

        ModelHandle initial = peers.Shelf.Put(await _bench.RunAsync(t => t.Initial(), stop), maker: _bench);
        long rounds = await lease.RunAsync(session => ((IIslandRecord)session).Rounds);
        _crew = new IslandCrew(spec, plan, island.Value, State.Term, initial, rounds, Services.Clock);
        LogBegins(Role.ToString(), plan.Samples.Count, spec.Islands.Protocol, plan.Training.Rounds, plan.Training.LocalSteps, plan.Training.Batch);
        _atWork = true;
        await StartPeersAsync(_crew, stop);
    }

    protected override async Task BeforeSliceAsync(TrainingLease lease, CancellationToken stop)
    {
        if (!_atWork || _crew is not { } crew)
        {
            return;
        }

        TimeSpan rest = Services.Options.Value.PollPeriod - Services.Clock.GetElapsedTime(_watchedAt);
        if (rest <= TimeSpan.Zero)
        {
            await StartPeersAsync(crew, stop);
            rest = Services.Options.Value.PollPeriod;
        }

        if (!crew.HasRounds && !stop.IsCancellationRequested)
        {
            await Task.WhenAny(_arrived.Task, Task.Delay(rest, Services.Clock, stop));
        }

        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await OfferAsync(lease, crew);
    }

    protected override async Task OnClosedAsync()
    {
        if (_atWork && _crew is { } crew)
        {
            _atWork = false;
            bool done = State.Phase == ModelPhase.Done;
            await Task.WhenAll(crew.Reachable.Select(p => StopPeerAsync(p, crew.Term, done)));
            peers.Shelf.Release(crew.Initial);
        }

        _bench?.Close();
        _bench = null;
    }

    private StateRow<IslandState> OpenRow()
    {
        RunOptions options = Services.Options.Value;
        Retry retry = options.Retry(options.StorePatience, Services.Clock, (int)this.GetGrainId().GetUniformHashCode());
        return new StateRow<IslandState>($"'{this.GetPrimaryKeyString()}'", hosts, retry);
    }

    // A round whose model is gone or cannot be read is not recorded; another model of it or the next round is as good. Many go to the slot in one visit:
    // its peers' trainings wait there too, and would outrun a record that waited behind them for each.
    private async Task OfferAsync(TrainingLease lease, IslandCrew crew)
    {
        foreach (CompletedRound[] some in crew.TakeRounds().Chunk(RoundsAtOnce))
        {
            CompletedRound[] rounds = [.. some.Where(r => !crew.IsRecorded(r))];
            IslandRound?[] models = await Task.WhenAll(rounds.Select(FetchAsync));
            IslandRound[] offered = [.. crew.OncePerRound(models.OfType<IslandRound>())];
            await lease.RunAsync(session =>
            {
                Array.ForEach(offered, ((IIslandRecord)session).Offer);
                return true;
            });
            Array.ForEach(offered, r => crew.Record(r.Rounds));
        }
    }

    private async Task<IslandRound?> FetchAsync(CompletedRound round)
    {
        ModelHandle model = ModelHandle.FromBytes(Convert.FromHexString(round.Model.Sha256));
        if (await peers.Shelf.FetchAsync(round.Model, _bench!) is null)
        {
            LogMissed(Role.ToString(), round.Rounds);
            return null;
        }

        var fetched = new IslandRound(round.Peer, round.Rounds, peers.Shelf.Get(model), round.Loss);
        peers.Shelf.Release(model);
        return fetched;
    }

    private async Task StartPeersAsync(IslandCrew crew, CancellationToken stop)
    {
        _watchedAt = Services.Clock.GetTimestamp();
        PeerStart start = crew.Start();
        await Task.WhenAll(crew.Reachable.Select(async peer =>
        {
            if (!peers.Hosts.IsUp(peer.Host))
            {
                crew.Lose(peer.Number);
                return;
            }

            try
            {
                crew.Accept(await PeerAt(peer).StartAsync(start, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // What was recorded until now is still written down.
            }
            catch (DataUnavailableException e)
            {
                // The others go on without it, as without one whose host is down.
                crew.Lose(peer.Number);
                LogRefused(Role.ToString(), peer.Number, e.Message);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException)
            {
                crew.Lose(peer.Number);
                LogUnreachable(Role.ToString(), peer.Number, e.Message);
            }
        }));
    }

    // One local training, thrown away; in a round of this and of all other models at the same time it waits for its turn on a slot.
    private async Task<double> MeasureAsync(RunSpec spec, IslandPlan plan, CancellationToken stop)
    {
        int peer = plan.Rows.Keys.First();
        double alone = await _bench!.RunAsync(
            trainer =>
            {
                byte[] initial = trainer.Initial();
                long from = Services.Clock.GetTimestamp();
                trainer.Train(initial, peer, 0, plan.Training.LocalSteps, null, 0, stop);
                return Services.Clock.GetElapsedTime(from).TotalSeconds;
            },
            stop);
        int trainers = IslandProtocols.Of(spec.Islands, plan.Samples.Count).IsShared ? Math.Min(spec.Islands.SampleSize, plan.Samples.Count) : plan.Samples.Count;
        int slots = Services.Devices.Value.Slots * Math.Max(1, peers.Hosts.Up().Length);
        double seconds = Math.Max(0.05, alone * Math.Max(1, (double)trainers * ModelRole.Of(spec.Experts.Count).Count / slots));
        LogMeasured(Role.ToString(), alone, seconds);
        return seconds;
    }

    private async Task StopPeerAsync(PeerAddress peer, long term, bool forget)
    {
        if (!peers.Hosts.IsUp(peer.Host))
        {
            return;
        }

        try
        {
            await PeerAt(peer).StopAsync(term, forget);
        }
        catch (Exception e)
        {
            // A peer that does not hear it goes with its host.
            LogUnreachable(Role.ToString(), peer.Number, e.Message);
        }
    }

    private async Task RemovePeerAsync(int number, string host, CancellationToken cancellation)
    {
        try
        {
            await PeerAt(number, host).RemoveAsync(cancellation);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            LogUnreachable(Role.ToString(), number, e.Message);
        }
    }

    private IPeerGrain PeerAt(PeerAddress peer) => PeerAt(peer.Number, peer.Host);

    private IPeerGrain PeerAt(int number, string host) => GrainFactory.GetGrain<IPeerGrain>(GrainKeys.Peer(RunName, Role.ToString(), number, host));

    [LoggerMessage(EventId = 1071, Level = LogLevel.Information, Message = "{Role}: an island of {Peers} peers, {Protocol}, {Rounds} rounds of {Steps} local steps of {Batch} samples")]
    private partial void LogBegins(string role, int peers, string protocol, long rounds, int steps, int batch);

    [LoggerMessage(EventId = 1072, Level = LogLevel.Information, Message = "{Role}: a local training takes {Alone} s alone, {Seconds} s among all others")]
    private partial void LogMeasured(string role, double alone, double seconds);

    [LoggerMessage(EventId = 1073, Level = LogLevel.Warning, Message = "{Role}: the model of round {Round} is gone or cannot be read and was not recorded")]
    private partial void LogMissed(string role, long round);

    [LoggerMessage(EventId = 1075, Level = LogLevel.Warning, Message = "{Role}: peer {Number} takes no part: {Reason}")]
    private partial void LogRefused(string role, int number, string reason);

    [LoggerMessage(EventId = 1074, Level = LogLevel.Debug, Message = "{Role}: peer {Number} could not be reached: {Reason}")]
    private partial void LogUnreachable(string role, int number, string reason);
}
