using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Grains.Solves;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains.Peers;
using OrleansDDM.Tests.Grains.Solves;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <content>Islands and solves.</content>
public sealed partial class ObservedLearningTests
{
    private static readonly IslandTraining Plan = new(new Dictionary<int, int[]> { [0] = [1, 2], [1] = [3] }, Batch: 8, Rounds: 4, LocalSteps: 5);

    [Fact]
    public void Local_training_of_peers_is_measured_and_the_record_of_it_does_not_count_it_again()
    {
        (ObservedLearning learning, FakeIslandRuntime fake) = Islands();
        fake.BeforeTraining = (_, _, _, _) => _time.Advance(TimeSpan.FromSeconds(2));
        using IPeerTrainer peers = learning.Islands!.OpenPeers(_spec, ModelRole.Router, Plan);
        byte[] model = peers.Initial();
        foreach (int peer in Plan.Rows.Keys)
        {
            PeerTraining trained = peers.Train(model, peer, 0, 5, null, 0, CancellationToken.None);
            Assert.Equal(trained.Model, peers.Write(peers.Read(trained.Model)));
        }

        byte[] checkpoint;
        using (IIslandRecord record = learning.Islands!.OpenRecord(_spec, ModelRole.Router, Plan, null, SpecJson.Hash(_spec)))
        {
            record.Offer(new IslandRound(-1, 2, model, 1));
            record.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
            Assert.Equal(2, record.Rounds);
            checkpoint = record.SaveCheckpoint();
        }

        Assert.Equal([(5, "role=router"), (5, "role=router")], _measured["ddm.training.steps"]);
        Assert.Equal([(40, "role=router"), (40, "role=router")], _measured["ddm.training.images"]);
        Assert.Equal([(2, "role=router"), (2, "role=router")], _measured["ddm.training.slice.duration"]);
        Assert.Equal([(checkpoint.Length, "role=router")], _measured["ddm.checkpoint.size"]);
        Assert.DoesNotContain("ddm.training.resumes", _measured.Keys);
        using IIslandRecord resumed = learning.Islands!.OpenRecord(_spec, ModelRole.Router, Plan, checkpoint, SpecJson.Hash(_spec));
        Assert.Equal([(1, "role=router")], _measured["ddm.training.resumes"]);
        Assert.Equal(["open", "slice", "slice", "open", "checkpoint", "open"], _activities.Select(a => a.OperationName));
    }

    [Fact]
    public void Island_of_one_is_measured_as_training_in_one_place_is()
    {
        (ObservedLearning learning, _) = Islands();
        byte[] checkpoint;
        using (ITrainingSession session = learning.Islands!.OpenAlone(_spec, ModelRole.Expert(0), [1, 2], null, SpecJson.Hash(_spec)))
        {
            session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
            checkpoint = session.SaveCheckpoint();
        }

        using ITrainingSession resumed = learning.Islands!.OpenAlone(_spec, ModelRole.Expert(0), [1, 2], checkpoint, SpecJson.Hash(_spec));
        Assert.Equal([(4, "role=expert")], _measured["ddm.training.steps"]);
        Assert.Equal([(1, "role=expert")], _measured["ddm.training.resumes"]);
        Assert.Equal([(checkpoint.Length, "role=expert")], _measured["ddm.checkpoint.size"]);
    }

    [Fact]
    public void Local_training_that_fails_is_counted_and_one_that_is_given_up_is_not()
    {
        (ObservedLearning learning, FakeIslandRuntime fake) = Islands();
        using IPeerTrainer peers = learning.Islands!.OpenPeers(_spec, ModelRole.Expert(0), Plan);
        fake.BeforeTraining = (_, _, _, _) => throw new TrainingDivergedException("NaN");
        Assert.Throws<TrainingDivergedException>(() => peers.Train(peers.Initial(), 0, 0, 5, null, 0, CancellationToken.None));
        fake.BeforeTraining = (_, _, _, _) => throw new OperationCanceledException();
        Assert.Throws<OperationCanceledException>(() => peers.Train(peers.Initial(), 0, 0, 5, null, 0, CancellationToken.None));
        Assert.Equal([(1, "kind=training")], _measured["ddm.faults"]);
        Assert.Empty(_watch.Stuck());
    }

    [Fact]
    public void Local_training_that_hangs_is_known_while_it_hangs_by_what_trainings_took_before()
    {
        (ObservedLearning learning, FakeIslandRuntime fake) = Islands();
        using IPeerTrainer peers = learning.Islands!.OpenPeers(_spec, ModelRole.Expert(1), Plan);

        // The first may take a minute for each of its five steps; as it takes 10 s, others may take 600 s.
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Healthy], Healths(10, 0));
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Unhealthy], Healths(600, 1));
        using IPeerTrainer fresh = learning.Islands!.OpenPeers(_spec, ModelRole.Expert(1), Plan);
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Unhealthy], Healths(300, 1, fresh));
        Assert.Empty(_watch.Stuck());

        HealthStatus[] Healths(int seconds, int more, IPeerTrainer? trainer = null)
        {
            var seen = new List<HealthStatus>();
            fake.BeforeTraining = (_, _, _, _) =>
            {
                _time.Advance(TimeSpan.FromSeconds(seconds));
                seen.Add(Health());
                _time.Advance(TimeSpan.FromSeconds(more));
                seen.Add(Health());
            };
            (trainer ?? peers).Train(peers.Initial(), 0, 0, 5, null, 0, CancellationToken.None);
            return [.. seen];
        }
    }

    [Fact]
    public void Record_that_hangs_is_known_while_it_hangs()
    {
        (ObservedLearning learning, FakeIslandRuntime fake) = Islands();
        using IIslandRecord record = learning.Islands!.OpenRecord(_spec, ModelRole.Expert(1), Plan, null, SpecJson.Hash(_spec));
        HealthStatus during = HealthStatus.Healthy;
        fake.BeforeRecord = () =>
        {
            _time.Advance(TimeSpan.FromSeconds(61));
            during = Health();
        };
        record.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal(HealthStatus.Unhealthy, during);
    }

    [Fact]
    public void Gradient_of_a_solve_that_hangs_is_known_while_it_hangs_and_its_failure_is_counted()
    {
        var fake = new SolveRuntime();
        IConvexLearning convex = Observed(fake).Convex!;
        var problem = ConvexProblem.Of(new SolveSpec { Name = "steady", Peers = 3 }, convex);
        byte[] calm = problem.Gradient(0, problem.Initial).Gradient;
        HealthStatus during = HealthStatus.Healthy;
        fake.BeforeGradient = () =>
        {
            _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
            during = Health();
        };
        Assert.Equal(calm, problem.Gradient(0, problem.Initial).Gradient);
        Assert.Equal(HealthStatus.Unhealthy, during);
        Assert.Empty(_watch.Stuck());
        fake.BeforeGradient = () => throw new InvalidOperationException("no memory");
        Assert.Throws<InvalidOperationException>(() => problem.Gradient(0, problem.Initial));
        Assert.Equal([(1, "kind=training")], _measured["ddm.faults"]);
    }

    [Fact]
    public void Learning_that_knows_neither_islands_nor_solves_still_knows_none()
    {
        Assert.Null(_learning.Islands);
        Assert.Null(_learning.Convex);
    }

    private (ObservedLearning Learning, FakeIslandRuntime Fake) Islands()
    {
        var fake = new FakeIslandRuntime { Alone = _runtime };
        return (Observed(new PacedLearning(fake, new FaultSwitch())), fake);
    }

    private ObservedLearning Observed(ILearningRuntime runtime) => new(runtime, _services.GetRequiredService<DdmMetrics>(), _watch, _time);

    private HealthStatus Health() => new TrainingCheck(_watch).CheckHealthAsync(new HealthCheckContext()).Result.Status;
}
