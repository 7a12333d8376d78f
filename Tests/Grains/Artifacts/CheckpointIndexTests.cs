using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class CheckpointIndexTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_read_back_in_order_per_role()
    {
        var index = new CheckpointIndex(_folder);
        index.Append("r", "expert-0", Record(1));
        index.Append("r", "expert-0", Record(2));
        index.Append("r", "router", Record(3));
        Assert.Equal([Record(1), Record(2)], new CheckpointIndex(_folder).Read("r", "expert-0"));
        Assert.Empty(index.Read("r", "expert-1"));
    }

    [Fact]
    public void File_cut_at_any_byte_keeps_its_whole_lines_and_takes_new_ones()
    {
        var index = new CheckpointIndex(_folder);
        index.Append("r", "router", Record(1));
        int first = File.ReadAllBytes(_folder.File("checkpoints/r/router.jsonl")).Length;
        index.Append("r", "router", Record(2));
        byte[] whole = File.ReadAllBytes(_folder.File("checkpoints/r/router.jsonl"));
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(_folder.File("checkpoints/r/router.jsonl"), whole[..length]);
            index.Append("r", "router", Record(3));
            int[] steps = [.. index.Read("r", "router").Select(r => r.Step)];

            // The line end is the last byte of a line: without it the record is complete already.
            int[] expected = length >= whole.Length - 1 ? [1, 2, 3] : length >= first - 1 ? [1, 3] : [3];
            Assert.Equal(expected, steps);
        }
    }

    [Fact]
    public void Foreign_lines_are_skipped()
    {
        var index = new CheckpointIndex(_folder);
        index.Append("r", "router", Record(1));
        File.AppendAllLines(_folder.File("checkpoints/r/router.jsonl"), ["null", "[]", "{}", "\0\0\0", """{"specHash":"x","sha256":"../../x"}"""]);
        Assert.Equal([Record(1)], index.Read("r", "router"));
    }

    [Fact]
    public void Line_of_an_older_release_does_not_say_its_data_and_is_taken_for_any()
    {
        Directory.CreateDirectory(_folder.File("checkpoints/r"));
        File.WriteAllText(
            _folder.File("checkpoints/r/router.jsonl"),
            $$"""{"specHash":"spec","step":1,"term":1,"sha256":"{{new string('a', 64)}}","bytes":10,"validationLoss":0.25}{{"\n"}}""");
        var index = new CheckpointIndex(_folder);
        CheckpointRecord old = Assert.Single(index.Read("r", "router"));
        Assert.Equal(Record(1), old);
        Assert.True(old.IsOf("spec", "data"));
        Assert.False(old.IsOf("another", "data"));
        index.Append("r", "router", Record(2) with { Fingerprint = "data" });
        CheckpointRecord later = index.Read("r", "router")[1];
        Assert.Equal([true, false, true], new[] { "data", "other", string.Empty }.Select(f => later.IsOf("spec", f)));
    }

    [Fact]
    public void Several_writers_of_one_file_lose_no_line_and_tear_none()
    {
        CheckpointIndex[] writers = [.. Enumerable.Range(0, 4).Select(_ => new CheckpointIndex(_folder))];
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => writers[i % 4].Append("r", "router", Record(i)));
        Assert.Equal(Enumerable.Range(0, 200), writers[0].Read("r", "router").Select(r => r.Step).Order());
        Assert.Equal(200, File.ReadAllLines(_folder.File("checkpoints/r/router.jsonl")).Length);
    }

    [Fact]
    public void Forgotten_run_has_no_lines_and_other_runs_keep_theirs()
    {
        var index = new CheckpointIndex(_folder);
        index.Append("r", "router", Record(1));
        index.Append("s", "router", Record(2));
        index.Forget("r");
        index.Forget("r");
        Assert.Empty(index.Read("r", "router"));
        Assert.Equal([Record(2)], index.Read("s", "router"));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("/etc")]
    public void Name_that_could_leave_the_folder_is_refused(string name)
    {
        var index = new CheckpointIndex(_folder);
        Assert.Throws<ArgumentException>(() => index.Forget(name));
        Assert.Throws<ArgumentException>(() => index.Append("r", name, Record(1)));
        Assert.Throws<ArgumentException>(() => index.Read(name, "router"));
    }

    private static CheckpointRecord Record(int step) => new("spec", step, 1, new string('a', 64), 10, step == 2 ? null : 0.25);
}
