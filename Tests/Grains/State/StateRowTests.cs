using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.State;

using Xunit;

namespace OrleansDDM.Tests.Grains.State;

public sealed class StateRowTests
{
    private readonly HastyClock _clock = new();
    private readonly Table _table = new();

    [Fact]
    public async Task Lost_database_is_waited_for_and_told()
    {
        StateRow<ModelState> row = await OpenAsync();
        int told = 0;
        StateRow<ModelState> waiting = await OpenAsync(_ => told++);
        _table.Failures.Enqueue(Failure.Before);
        _table.Failures.Enqueue(Failure.Before);
        waiting.Value.Term = 3;
        Assert.Null(waiting.Waiting);
        _table.OnWrite = () => Assert.True(_table.Failures.Count == 2 || waiting.Waiting!.Contains("away", StringComparison.Ordinal));
        await waiting.SaveAsync();
        Assert.Equal((1, 3, null), (told, _table.Stored!.Term, waiting.Waiting));
        Assert.False(row.IsLost);
    }

    [Fact]
    public async Task Write_whose_answer_is_lost_is_done_once_and_the_row_is_kept()
    {
        StateRow<ModelState> row = await OpenAsync();
        row.Value.Term = 1;
        _table.Failures.Enqueue(Failure.After);
        await row.SaveAsync();
        row.Value.Term = 2;
        await row.SaveAsync();
        Assert.Equal(2, _table.Stored!.Term);
        Assert.False(row.IsLost);
    }

    [Fact]
    public async Task Row_of_a_newer_activation_is_never_written_again()
    {
        StateRow<ModelState> old = await OpenAsync();
        old.Value.Term = 1;
        await old.SaveAsync();
        StateRow<ModelState> newer = await OpenAsync();
        newer.Value.Term = 2;
        await newer.SaveAsync();

        // Even one that cannot know whether it has written itself.
        old.Value.Term = 9;
        _table.Failures.Enqueue(Failure.Before);
        await Assert.ThrowsAsync<InconsistentStateException>(() => old.SaveAsync());
        await Assert.ThrowsAsync<InconsistentStateException>(() => old.SaveAsync());
        Assert.True(old.IsLost);
        Assert.Equal(2, _table.Stored!.Term);
    }

    [Fact]
    public async Task Saves_that_pile_up_while_the_database_is_away_are_one_write()
    {
        StateRow<ModelState> row = await OpenAsync();
        var back = new TaskCompletionSource();
        _table.Gate = back.Task;
        Task[] saves = [.. Enumerable.Range(1, 10).Select(i =>
        {
            row.Value.Term = i;
            return row.SaveAsync();
        })];
        back.SetResult();
        await Task.WhenAll(saves);
        Assert.Equal((10, 2), (_table.Stored!.Term, _table.Writes));
        Assert.Equal(10, row.Stored.Term);
    }

    [Fact]
    public async Task What_is_being_written_holds_still()
    {
        StateRow<ModelState> row = await OpenAsync();
        var back = new TaskCompletionSource();
        _table.Gate = back.Task;
        Task save = row.SaveAsync();
        row.Value.Points.Add(new(1, "x", 1));
        back.SetResult();
        await save;
        Assert.Empty(_table.Stored!.Points);
        Assert.Empty(row.Stored.Points);
        Assert.Single(row.Value.Points);
    }

    [Fact]
    public async Task Patience_has_an_end_and_later_saves_work()
    {
        StateRow<ModelState> row = await OpenAsync();
        for (int i = 0; i < 200; i++)
        {
            _table.Failures.Enqueue(Failure.Before);
        }

        await Assert.ThrowsAsync<IOException>(() => row.SaveAsync());
        Assert.Null(row.Waiting);
        _table.Failures.Clear();
        await row.SaveAsync();
        Assert.Equal(1, _table.Writes);
    }

    [Fact]
    public async Task State_of_a_newer_release_is_refused_and_left_alone()
    {
        _table.Stored = new ModelState { Version = StateVersion.Current + 1, Term = 5 };
        StateVersionException e = await Assert.ThrowsAsync<StateVersionException>(() => OpenAsync());
        Assert.Contains($"version {StateVersion.Current + 1}", e.Message, StringComparison.Ordinal);
        Assert.Contains($"up to {StateVersion.Current}", e.Message, StringComparison.Ordinal);
        Assert.Contains("Update this silo", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, _table.Writes);
    }

    [Fact]
    public async Task Removal_whose_answer_is_lost_is_a_removal_and_the_row_can_be_written_anew()
    {
        StateRow<ModelState> row = await OpenAsync();
        row.Value.Term = 1;
        await row.SaveAsync();
        _table.Failures.Enqueue(Failure.After);
        await row.ClearAsync();
        Assert.Null(_table.Stored);
        Assert.Equal((false, 0), (row.IsLost, row.Value.Term));
        row.Value.Term = 3;
        await row.SaveAsync();
        Assert.Equal(3, _table.Stored!.Term);
    }

    [Fact]
    public async Task Row_of_a_newer_activation_is_never_removed()
    {
        StateRow<ModelState> old = await OpenAsync();
        old.Value.Term = 1;
        await old.SaveAsync();
        StateRow<ModelState> newer = await OpenAsync();
        newer.Value.Term = 2;
        await newer.SaveAsync();
        _table.Failures.Enqueue(Failure.Before);
        await Assert.ThrowsAsync<InconsistentStateException>(() => old.ClearAsync());
        Assert.True(old.IsLost);
        Assert.Equal(2, _table.Stored!.Term);
    }

    private async Task<StateRow<ModelState>> OpenAsync(Action<Exception>? waits = null)
    {
        var row = new Row(_table);
        await row.ReadStateAsync();
        var retry = new Retry(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), _clock, 1);
        return new StateRow<ModelState>("'x'", row, retry, waits);
    }

    private enum Failure
    {
        Before,
        After,
    }

    private sealed class Table
    {
        public ModelState? Stored { get; set; }

        public int Version { get; set; }

        public int Writes { get; set; }

        public Queue<Failure> Failures { get; } = [];

        public Task Gate { get; set; } = Task.CompletedTask;

        public Action OnWrite { get; set; } = () => { };
    }

    /// <summary>A row with compare-and-swap, whose writes can fail before they are done or after.</summary>
    private sealed class Row(Table table) : IPersistentState<ModelState>
    {
        private int _version;

        public ModelState State { get; set; } = new();

        public string Etag => _version.ToString(System.Globalization.CultureInfo.InvariantCulture);

        public bool RecordExists { get; private set; }

        public Task ClearStateAsync() => ChangeAsync(null);

        public Task ReadStateAsync()
        {
            (State, _version, RecordExists) = (table.Stored?.Copy() ?? new ModelState(), table.Version, table.Stored is not null);
            return Task.CompletedTask;
        }

        public Task WriteStateAsync() => ChangeAsync(State);

        private async Task ChangeAsync(ModelState? state)
        {
            await table.Gate;
            table.OnWrite();
            Failure? failure = table.Failures.TryDequeue(out Failure f) ? f : null;
            if (failure == Failure.Before)
            {
                throw new IOException("The database is away.");
            }

            if (_version != table.Version)
            {
                throw new InconsistentStateException("x");
            }

            table.Stored = state?.Copy();
            table.Version++;
            table.Writes++;
            if (failure == Failure.After)
            {
                throw new IOException("The connection is lost.");
            }

            (_version, RecordExists) = (table.Version, state is not null);
            State = state ?? new ModelState();
        }
    }
}
