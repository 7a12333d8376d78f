using System.Runtime.InteropServices;

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Solves;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Data;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Solves;

/// <summary>Begin, end and crashes of solves, on a silo of its own.</summary>
public sealed class SolveLifeTests : IAsyncLifetime
{
    private readonly SolveRuntime _runtime = new();
    private RunFolder _folder = new();
    private EmbeddedSilo _silo = null!;

    public async Task InitializeAsync() => await StartAsync();

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Solve_goes_on_from_what_the_disk_holds_at_any_moment()
    {
        await SubmitAsync(Spec());
        for ((int crash, long from) = (0, 0); crash < 4; crash++)
        {
            from = (await UntilAsync(s => s.Exchanges > from + 5 || s.Phase != SolvePhase.Running)).Exchanges;
            await CrashAsync();

            // Nobody submits it again: asking wakes it.
            Assert.Equal(SolvePhase.Running, (await Solve().GetStatusAsync()).Phase);
        }

        await AssertSolvedAsync(Spec());
        long term = (await Peer(1).GetStatusAsync()).Term;
        Assert.Equal(5, term);
    }

    [Fact]
    public async Task Stopped_solve_goes_on_when_it_is_submitted_again()
    {
        await SubmitAsync(Spec());
        await UntilAsync(s => s.Exchanges > 5);
        SolveStatus stopped = await Solve().StopAsync();
        Assert.Equal(SolvePhase.Stopped, stopped.Phase);
        Assert.False((await Peer(0).GetStatusAsync()).Running);
        await SubmitAsync(Spec());
        SolveStatus status = await AssertSolvedAsync(Spec());
        Assert.True(status.Gradients > stopped.Gradients);
    }

    [Fact]
    public async Task Stop_that_comes_while_a_submit_is_being_stored_is_not_lost()
    {
        Assert.Equal(SolvePhase.None, (await Solve().GetStatusAsync()).Phase);
        Task submitted, stopped;
        using (var database = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=False"))
        {
            database.Open();
            using SqliteTransaction held = database.BeginTransaction(deferred: false);
            submitted = SubmitAsync(Spec());
            await UntilAsync(s => s.Phase == SolvePhase.Running);
            stopped = Solve().StopAsync();
            await UntilAsync(s => s.Phase == SolvePhase.Stopped);
        }

        await Task.WhenAll(submitted, stopped);

        // What the submit would have begun stands before this one in the queue of the only slot.
        await Solve("t").SubmitAsync((Spec() with { Name = "t" }).ToJson());
        await Until.SeenAsync(async () => await Solve("t").GetStatusAsync(), s => s.Exchanges > 0);
        Assert.Equal(SolvePhase.Stopped, (await Solve().GetStatusAsync()).Phase);
        Assert.Equal(["t"], _runtime.Loaded.Distinct());
    }

    [Fact]
    public async Task Gradients_that_are_spent_end_it_with_what_was_proven()
    {
        await SubmitAsync(Spec() with { Accuracy = 1e-12, Gradients = 6 });
        SolveStatus status = await UntilAsync(s => s.Phase != SolvePhase.Running);
        Assert.Equal(SolvePhase.Ended, status.Phase);
        Assert.InRange(status.Gradients, 3 * 6, 3 * 60);
        Assert.InRange(status.Bound, 1e-12, 100);
        Assert.NotEmpty(await Solve().GetSolutionAsync());
        Assert.InRange(status.Imbalance, 0, 1e-12);
    }

    [Fact]
    public async Task Other_spec_of_the_same_name_is_refused_and_forced_begins_anew()
    {
        await SubmitAsync(Spec());
        await UntilAsync(s => s.Exchanges > 5);
        SolveSpec other = Spec() with { Ridge = 0.5 };
        await Assert.ThrowsAsync<RunConflictException>(() => SubmitAsync(other));
        await Assert.ThrowsAsync<BadRequestException>(() => Solve().SubmitAsync("{\"name\":\"s\",\"peers\":1}"));
        await Assert.ThrowsAsync<BadRequestException>(() => Solve().SubmitAsync(Spec().ToJson().Replace("\"s\"", "\"t\"", StringComparison.Ordinal)));
        await Solve().SubmitAsync(other.ToJson(), force: true);
        await AssertSolvedAsync(other);
    }

    [Fact]
    public async Task Removed_solve_leaves_nothing_and_its_name_begins_anew()
    {
        await Assert.ThrowsAsync<BadRequestException>(() => Solve().RemoveAsync(force: true));
        await SubmitAsync(Spec());
        await UntilAsync(s => s.Exchanges > 5);
        await Assert.ThrowsAsync<BadRequestException>(() => Solve().RemoveAsync());
        await Solve().RemoveAsync(force: true);
        SolveStatus none = await Solve().GetStatusAsync();
        Assert.Equal((SolvePhase.None, string.Empty), (none.Phase, none.SpecHash));
        Assert.Empty(await Solve().GetSolutionAsync());

        SolveSpec other = Spec() with { Ridge = 0.5 };
        await SubmitAsync(other);
        SolveStatus status = await AssertSolvedAsync(other);
        await Solve().RemoveAsync();
        await SubmitAsync(other);
        SolveStatus again = await UntilAsync(s => s.Exchanges > 0);
        Assert.True(again.Exchanges < status.Exchanges, $"{again.Exchanges} exchanges at once");
        await AssertSolvedAsync(other);
    }

    [Fact]
    public async Task Data_that_cannot_be_had_fault_it_and_mended_it_goes_on()
    {
        _runtime.BeforeInputs = () => throw new DatasetException("Data set 'x'", "is not on this machine");
        await SubmitAsync(Spec());
        SolveStatus status = await UntilAsync(s => s.Phase != SolvePhase.Running);
        Assert.Equal(SolvePhase.Faulted, status.Phase);
        Assert.Contains("is not on this machine", status.Message, StringComparison.Ordinal);
        _runtime.BeforeInputs = () => { };
        await SubmitAsync(Spec());
        await AssertSolvedAsync(Spec());
    }

    [Fact]
    public async Task Peer_whose_state_is_lost_does_not_start_anew()
    {
        await SubmitAsync(Spec() with { Accuracy = 1e-9 });
        await UntilAsync(s => s.Exchanges > 5);
        await Peer(1).RemoveAsync();
        SolveStatus status = await UntilAsync(s => s.Phase != SolvePhase.Running);
        Assert.Equal(SolvePhase.Faulted, status.Phase);
        Assert.Contains("--force", status.Message, StringComparison.Ordinal);
        await Solve().SubmitAsync(Spec().ToJson(), force: true);
        await AssertSolvedAsync(Spec());
    }

    [Fact]
    public async Task Bad_vectors_are_refused_and_change_nothing()
    {
        await SubmitAsync(Spec() with { UnitSeconds = 1000 });
        await UntilAsync(s => s.Peers == 3);
        await Until.HoldsAsync(async () => (await Peer(1).GetStatusAsync()).Running);
        string hash = (Spec() with { UnitSeconds = 1000 }).Hash();
        PeerStatus before = await Peer(1).GetStatusAsync();
        byte[] good = VectorBytes.Write(new double[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 });
        byte[] infinite = VectorBytes.Write([double.PositiveInfinity, .. new double[17]]), small = VectorBytes.Write([1.0]);
        string Name(byte[] bytes) => ModelHandle.OfContent(bytes).ToString();
        PeerVector[][] bad = [[], [new(Name(good), small)], [new(Name(infinite), infinite)], [new(Name(small), small)]];
        ModelHandle[] named = [ModelHandle.OfContent(good), ModelHandle.OfContent(good), ModelHandle.OfContent(infinite), ModelHandle.OfContent(small)];
        long term = (await Peer(0).GetStatusAsync()).Term;
        for (int i = 0; i < bad.Length; i++)
        {
            byte[] frame = new MessageCodec(new DadaoRounds(new DadaoOptions())).Encode(new DadaoRounds.Commit(1, named[i]));
            await Peer(1).DeliverAsync(new PeerFrame(hash, 0, term, 1000 + i, frame, [], null, bad[i]));
        }

        byte[] commit = new MessageCodec(new DadaoRounds(new DadaoOptions())).Encode(new DadaoRounds.Commit(1, ModelHandle.OfContent(good)));
        await Peer(1).DeliverAsync(new PeerFrame(hash, 0, term, 2000, commit, [], null, [new(Name(good), good)]));
        await Until.HoldsAsync(async () => (await Peer(1).GetStatusAsync()).Counts is { Refused: var refused, Ignored: var ignored }
            && refused == before.Counts.Refused + bad.Length && ignored == before.Counts.Ignored + 1);
        Assert.Empty((await Peer(1).ExportAsync(false)).Durable);
    }

    private static SolveSpec Spec() => new() { Name = "s", Seed = 4, Peers = 3, Topology = "complete", Ridge = 0.3, Accuracy = 0.05, UnitSeconds = 0.05 };

    private ISolveGrain Solve(string name = "s") => _silo.Client.GetGrain<ISolveGrain>(GrainKeys.Solve(name));

    private IPeerGrain Peer(int number) => _silo.Client.GetGrain<IPeerGrain>(GrainKeys.Peer("s", GrainKeys.SolveRole, number, "embedded"));

    private Task SubmitAsync(SolveSpec spec) => Solve().SubmitAsync(spec.ToJson());

    private Task<SolveStatus> UntilAsync(Func<SolveStatus, bool> holds) => Until.SeenAsync(async () => await Solve().GetStatusAsync(), holds);

    private async Task<SolveStatus> AssertSolvedAsync(SolveSpec spec)
    {
        SolveStatus status = await UntilAsync(s => s.Phase != SolvePhase.Running);
        Assert.Equal((SolvePhase.Solved, null), (status.Phase, status.Message));
        double[] optimum = SoftmaxSolver.Solve(SolveRuntime.Draw(spec.Seed), spec.Ridge, 1e-10);
        double[] solution = MemoryMarshal.Cast<byte, double>(await Solve().GetSolutionAsync()).ToArray();
        Assert.InRange(Certificate.Norm(solution.Zip(optimum, (a, b) => a - b)), 0, status.Bound);
        Assert.InRange(status.Bound, 0, spec.Accuracy);
        Assert.InRange(status.Imbalance, 0, 1e-12);
        PeerExport forgotten = await Peer(0).ExportAsync(true);
        Assert.Empty(forgotten.Vectors);
        return status;
    }

    private async Task StartAsync()
    {
        _silo = await EmbeddedSilo.StartAsync(new EmbeddedSiloOptions { RunFolder = _folder, Learning = _runtime, Slots = 1, LogLevel = LogLevel.None });
        _silo.Services.GetRequiredService<IOptions<RunOptions>>().Value.PollPeriod = TimeSpan.FromMilliseconds(100);
    }

    // As after kill -9 at this moment: a silo on the database as it is between two transactions, while the old one is still at work.
    private async Task CrashAsync()
    {
        var folder = new RunFolder();
        using (var from = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=False"))
        using (var to = new SqliteConnection($"Data Source={folder.File("state.db")};Pooling=False"))
        {
            from.Open();
            to.Open();
            from.BackupDatabase(to);
        }

        await _silo.DisposeAsync();
        _folder.Dispose();
        _folder = folder;
        await StartAsync();
    }
}
