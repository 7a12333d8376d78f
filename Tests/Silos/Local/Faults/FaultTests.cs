using System.IO.Pipelines;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Local.Faults;

public sealed class FaultTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_switch_follows_its_file_and_its_file_alone()
    {
        using var faults = new FaultSwitch(_folder, "a");
        FaultSwitch.Write(_folder, "b", new FaultPlan { Cut = true });
        FaultSwitch.Write(_folder, "a", new FaultPlan { ClockSeconds = 7, StepMilliseconds = 3 });
        await Until.HoldsAsync(() => faults.Plan.ClockSeconds == 7);
        Assert.Equal(new FaultPlan { ClockSeconds = 7, StepMilliseconds = 3 }, faults.Plan);
        File.WriteAllText(_folder.File("a.json"), "{");
        FaultSwitch.Write(_folder, "a", new FaultPlan { Cut = true });
        await Until.HoldsAsync(() => faults.Plan.Cut);
        Task connected = faults.WhenConnectedAsync(CancellationToken.None);
        Assert.False(connected.IsCompleted);
        FaultSwitch.Write(_folder, "a", new FaultPlan());
        await connected.WaitAsync(Patience);
    }

    [Fact]
    public async Task What_comes_while_the_silo_is_cut_off_is_read_when_it_is_healed()
    {
        using var faults = new FaultSwitch();
        var pipe = new Pipe();
        var reader = new CutReader(pipe.Reader, faults, CancellationToken.None);
        faults.Set(new FaultPlan { Cut = true });
        await pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 });
        Assert.False(reader.TryRead(out _));
        Task<ReadResult> read = reader.ReadAsync().AsTask();
        Assert.NotSame(read, await Task.WhenAny(read, Task.Delay(50)));
        faults.Set(new FaultPlan());
        ReadResult result = await read.WaitAsync(Patience);
        Assert.Equal((3, false), (result.Buffer.Length, result.IsCanceled));
        reader.AdvanceTo(result.Buffer.End);

        // Cut off again, a reader that is told to give up does.
        faults.Set(new FaultPlan { Cut = true });
        await pipe.Writer.WriteAsync(new byte[] { 4 });
        read = reader.ReadAsync().AsTask();
        reader.CancelPendingRead();
        Assert.True((await read.WaitAsync(Patience)).IsCanceled);
    }

    [Fact]
    public async Task What_is_written_while_the_silo_is_cut_off_goes_out_when_it_is_healed_and_ends_with_the_connection()
    {
        using var faults = new FaultSwitch();
        using var closed = new CancellationTokenSource();
        var pipe = new Pipe();
        var writer = new CutWriter(pipe.Writer, faults, closed.Token);
        faults.Set(new FaultPlan { Cut = true });
        Task<FlushResult> write = writer.WriteAsync(new byte[] { 1, 2 }).AsTask();
        Assert.False(pipe.Reader.TryRead(out _));
        faults.Set(new FaultPlan());
        await write.WaitAsync(Patience);
        Assert.True(pipe.Reader.TryRead(out ReadResult result));
        Assert.Equal(2, result.Buffer.Length);
        faults.Set(new FaultPlan { Cut = true });
        write = writer.WriteAsync(new byte[] { 3 }).AsTask();
        await closed.CancelAsync();
        Assert.True((await write.WaitAsync(Patience)).IsCompleted);
    }

    [Fact]
    public void A_pace_changes_when_steps_are_done_but_not_what_they_do()
    {
        using var faults = new FaultSwitch();
        faults.Set(new FaultPlan { StepMilliseconds = 5 });
        var spec = new RunSpec { Name = "r", Experts = new ExpertsSpec { Count = 1 }, Training = new TrainingSpec { Steps = 40 } };
        using ITrainingSession paced = new PacedLearning(new FakeRuntime { StepsPerSlice = 1 }, faults).OpenTraining(spec, ModelRole.Expert(0), null);
        using ITrainingSession free = new FakeRuntime().OpenTraining(spec, ModelRole.Expert(0), null);
        long started = Environment.TickCount64;
        while (paced.Step < 40)
        {
            paced.Train(TimeSpan.FromMilliseconds(40), CancellationToken.None);
        }

        Assert.InRange(Environment.TickCount64 - started, 150, long.MaxValue);
        while (free.Step < 40)
        {
            free.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
        }

        Assert.Equal(free.SaveWeights(), paced.SaveWeights());
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        paced.Train(TimeSpan.FromMinutes(5), stopped.Token);
    }

    [Fact]
    public void A_wrong_clock_is_wrong_by_that_much_and_measures_spans_as_ever()
    {
        using var faults = new FaultSwitch();
        faults.Set(new FaultPlan { ClockSeconds = -120 });
        var clock = new ShiftedClock(faults, TimeProvider.System);
        Assert.InRange((DateTimeOffset.UtcNow - clock.GetUtcNow()).TotalSeconds, 119, 125);
        Assert.InRange(clock.GetElapsedTime(clock.GetTimestamp()).TotalSeconds, 0, 5);
    }

    [Fact]
    public void A_full_disk_takes_nothing_new_and_gives_what_it_has()
    {
        using var faults = new FaultSwitch();
        var disk = new FullDisk(new DiskFiles(), faults);
        using (Stream stream = disk.Create(_folder.File("a")))
        {
            stream.WriteByte(1);
        }

        faults.Set(new FaultPlan { DiskFull = true });
        Assert.Equal(28, Assert.Throws<IOException>(() => disk.Create(_folder.File("b"))).HResult);
        Assert.False(disk.Exists(_folder.File("b")));
        using Stream kept = disk.OpenRead(_folder.File("a"));
        Assert.Equal(1, kept.ReadByte());
    }
}
