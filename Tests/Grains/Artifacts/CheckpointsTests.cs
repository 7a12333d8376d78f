using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>The checkpoints of a model whose bytes lie on several silos.</summary>
public sealed class CheckpointsTests : IDisposable
{
    private static readonly ModelStart Start = new(string.Empty, "spec", 1, Retry: false, "data");

    private readonly FakeSilos _silos = new(3, new ArtifactOptions { WaitForHolder = TimeSpan.FromSeconds(30) });
    private readonly CheckpointIndex _index;
    private readonly Checkpoints _checkpoints;

    public CheckpointsTests()
    {
        FakeSilo silo = _silos[0];
        _index = new CheckpointIndex(silo.Folder);
        _checkpoints = new Checkpoints(
            silo.Store, _index, silo.Exchange, silo.Replication, new NoServices(), Options.Create(_silos.Options), silo.Clock, NullLogger<Checkpoints>.Instance);
    }

    public void Dispose() => _silos.Dispose();

    [Fact]
    public async Task Newest_checkpoint_is_brought_here()
    {
        CheckpointReference[] remembered = [On(1, 10), On(2, 20)];
        await _checkpoints.BringAsync(remembered, "router", most: 1000, CancellationToken.None);
        Assert.True(_silos[0].Store.Verify(remembered[1].Artifact.Sha256));
        Assert.False(_silos[0].Store.Contains(remembered[0].Artifact.Sha256));
    }

    [Fact]
    public async Task Holder_that_comes_back_in_time_is_waited_for()
    {
        CheckpointReference checkpoint = On(1, 10);
        _silos[1].IsDead = true;
        Task bringing = _checkpoints.BringAsync([checkpoint], "router", most: 1000, CancellationToken.None);
        _silos[1].IsDead = false;
        await bringing;
        Assert.True(_silos[0].Waited < TimeSpan.FromSeconds(30));
        Assert.True(_silos[0].Store.Verify(checkpoint.Artifact.Sha256));
    }

    [Fact]
    public async Task Models_that_begin_to_wait_together_do_not_ask_together()
    {
        CheckpointReference[] checkpoints = [On(1, 10), On(1, 20)];
        _silos[1].IsDead = true;
        await _checkpoints.BringAsync([checkpoints[0]], "expert-0", most: 1000, CancellationToken.None);
        TimeSpan first = _silos[0].Waited;
        await _checkpoints.BringAsync([checkpoints[1]], "expert-1", most: 1000, CancellationToken.None);
        Assert.NotEqual(first, _silos[0].Waited - first);
    }

    [Fact]
    public async Task Holder_that_does_not_come_back_is_waited_for_as_long_as_the_settings_say()
    {
        CheckpointReference checkpoint = On(1, 10);
        _silos[1].IsDead = true;
        await _checkpoints.BringAsync([checkpoint], "router", most: 1000, CancellationToken.None);
        Assert.InRange(_silos[0].Waited, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task Checkpoint_that_no_silo_of_the_cluster_has_any_more_is_not_waited_for()
    {
        CheckpointReference checkpoint = On(1, 10);
        await File.WriteAllBytesAsync(_silos[1].PathOf(checkpoint.Artifact), [1]);
        await _checkpoints.BringAsync([checkpoint], "router", most: 1000, CancellationToken.None);
        Assert.InRange(_silos[0].Waited, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Holder_that_does_not_answer_is_waited_for()
    {
        CheckpointReference checkpoint = On(1, 10);
        _silos[1].IsHung = true;
        await _checkpoints.BringAsync([checkpoint], "router", most: 1000, CancellationToken.None);
        Assert.InRange(_silos[0].Waited, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task Full_disk_is_no_reason_to_go_on_from_an_older_checkpoint()
    {
        CheckpointReference checkpoint = On(1, 10);
        _silos[0].Files.Space = 0;
        ArtifactException brought = await Assert.ThrowsAsync<ArtifactException>(
            () => _checkpoints.BringAsync([checkpoint], "router", most: 1000, CancellationToken.None));
        ArtifactException opened = Assert.Throws<ArtifactException>(
            () => _checkpoints.OpenNewest([checkpoint], bytes => throw new InvalidOperationException("Opened."), "router", most: 1000));
        Assert.All(new[] { brought, opened }, e => Assert.True(e.IsUnwritable));
    }

    [Fact]
    public void Keeping_checkpoints_costs_the_same_however_many_there_were()
    {
        for (int step = 0; step < 300; step++)
        {
            _index.Append("r", "router", new CheckpointRecord("spec", step, 1, step.ToString("x64", System.Globalization.CultureInfo.InvariantCulture), 1, null));
        }

        CheckpointReference first = On(0, 1000);
        _checkpoints.Retain("r", "router", [first], term: 1);
        int looks = _silos[0].Files.Looks;
        _checkpoints.Retain("r", "router", [first], term: 1);
        Assert.InRange(_silos[0].Files.Looks - looks, 0, 10);

        // What others may have written meanwhile is looked for when a model is opened again.
        CheckpointReference other = On(0, 1001);
        _checkpoints.Candidates("r", "router", Start, []);
        _checkpoints.Retain("r", "router", [first], term: 1);
        Assert.False(_silos[0].Store.Contains(other.Artifact.Sha256));
    }

    [Fact]
    public void Candidates_are_those_that_some_live_silo_has_newest_first()
    {
        CheckpointReference[] remembered = [On(1, 10), On(2, 20), On(1, 30)];
        _silos[2].IsDead = true;
        Assert.Equal([30, 10], _checkpoints.Candidates("r", "router", Start, remembered).Select(c => c.Step));
        _silos[2].IsDead = false;
        Assert.Equal([30, 20, 10], _checkpoints.Candidates("r", "router", Start, remembered).Select(c => c.Step));
    }

    [Fact]
    public void Checkpoint_of_other_data_is_no_candidate()
    {
        On(0, 10);
        ArtifactReference other = _silos[0].Store.Put("other"u8.ToArray());
        _index.Append("r", "router", new CheckpointRecord("spec", 20, 1, other.Sha256, other.Bytes, null, "other data"));
        Assert.Equal([10], _checkpoints.Candidates("r", "router", Start, []).Select(c => c.Step));
        Assert.Equal([20, 10], _checkpoints.Candidates("r", "router", Start with { Fingerprint = "other data" }, []).Select(c => c.Step));
    }

    [Fact]
    public async Task Nothing_is_remembered_of_a_model_that_is_not_trained_here_nor_of_a_removed_run()
    {
        foreach (string run in (string[])["r", "r", "s"])
        {
            _checkpoints.Retain(run, "router", [On(0, 10)], term: 1);
            _checkpoints.Retain(run, "expert-0", [On(0, 20)], term: 1);
        }

        Assert.Equal(4, _checkpoints.Remembered);
        _checkpoints.Close("s", "router");
        Assert.Equal(3, _checkpoints.Remembered);
        await _checkpoints.ForgetAsync("r");
        Assert.Equal(1, _checkpoints.Remembered);

        // What was forgotten too early is in the index.
        CheckpointReference old = On(0, 30);
        _checkpoints.Retain("r", "router", [On(0, 40)], term: 1);
        Assert.False(_silos[0].Store.Contains(old.Artifact.Sha256));
    }

    [Fact]
    public async Task What_is_no_longer_kept_goes_from_all_silos_but_what_a_newer_activation_wrote_stays()
    {
        CheckpointReference old = On(0, 10, term: 1);
        CheckpointReference kept = On(0, 20, term: 1);
        CheckpointReference newer = On(0, 30, term: 2);
        await _silos[1].Exchange.FetchAsync(old.Artifact);
        _checkpoints.Retain("r", "router", [kept, null], term: 1);
        Assert.Equal([false, true, true], new[] { old, kept, newer }.Select(c => _silos[0].Store.Contains(c.Artifact.Sha256)));
        await ArtifactCluster.UntilAsync(() => Task.FromResult(!_silos[1].Store.Contains(old.Artifact.Sha256)), "The other silo keeps it.");
    }

    [Fact]
    public async Task Checkpoint_from_another_silo_goes_once_it_is_no_longer_kept()
    {
        CheckpointReference moved = On(1, 10);
        _checkpoints.Retain("r", "router", [moved], term: 2);
        CheckpointReference next = On(0, 20, term: 2);
        _checkpoints.Retain("r", "router", [next], term: 2);
        await ArtifactCluster.UntilAsync(() => Task.FromResult(!_silos[1].Store.Contains(moved.Artifact.Sha256)), "The other silo keeps it.");
        Assert.True(_silos[0].Store.Contains(next.Artifact.Sha256));
    }

    private CheckpointReference On(int silo, int step, long term = 1)
    {
        ArtifactReference artifact = _silos[silo].Store.Put(BitConverter.GetBytes((step * 1000) + term));
        if (silo == 0)
        {
            _index.Append("r", "router", new CheckpointRecord("spec", step, term, artifact.Sha256, artifact.Bytes, null));
        }

        return new CheckpointReference(artifact, step, term, null);
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
