using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains;

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

    private static CheckpointRecord Record(int step) => new("spec", step, 1, new string('a', 64), 10, step == 2 ? null : 0.25);
}
