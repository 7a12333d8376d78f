using OrleansDDM.Grains.Peers;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class UpdatePackingTests
{
    private const int Count = 1000;
    private readonly PlainTrainer _trainer = new();

    [Theory]
    [InlineData("bf16")]
    [InlineData("int8")]
    [InlineData("top-k")]
    public void What_is_unpacked_is_bit_for_bit_what_the_sender_goes_on_with(string kind)
    {
        CompressionOptions options = new() { Kind = kind, Keep = 0.1, Block = 64 };
        (byte[] start, byte[] trained) = (_trainer.Write(Draw(1)), _trainer.Write(Draw(2)));
        PackedTraining packed = UpdatePacking.Pack(_trainer, options, start, trained, []);

        Assert.Equal(UpdateCodec.EncodedBytes(Count, options), packed.Update.Bytes.Length);
        Assert.Equal(kind == "top-k" ? ModelHandle.OfContent(start) : ModelHandle.None, packed.Update.Base);
        byte[] unpacked = UpdatePacking.Unpack(_trainer, packed.Update.Bytes, kind == "top-k" ? start : null, ModelHandle.OfContent(packed.Model));
        Assert.Equal(packed.Model, unpacked);
        Assert.NotEqual(trained, unpacked);
    }

    [Fact]
    public void Nothing_that_top_k_leaves_out_is_lost()
    {
        CompressionOptions options = new() { Kind = "top-k", Keep = 0.05 };
        double[] wanted = new double[Count], sent = new double[Count];
        float[] residual = [];
        for (int round = 0; round < 20; round++)
        {
            float[] from = Draw(round), to = Draw(100 + round);
            PackedTraining packed = UpdatePacking.Pack(_trainer, options, _trainer.Write(from), _trainer.Write(to), residual);
            residual = packed.Residual;
            float[] through = _trainer.Read(packed.Model);
            for (int i = 0; i < Count; i++)
            {
                wanted[i] += (double)to[i] - from[i];
                sent[i] += (double)through[i] - from[i];
            }
        }

        // What was sent and what is still to be sent make up all that was trained.
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(wanted[i], sent[i] + residual[i], 1e-4));
        Assert.Contains(residual, r => Math.Abs(r) > 0.1);
    }

    [Fact]
    public void Update_to_another_model_is_refused()
    {
        CompressionOptions options = new() { Kind = "top-k", Keep = 0.1 };
        PackedTraining packed = UpdatePacking.Pack(_trainer, options, _trainer.Write(Draw(1)), _trainer.Write(Draw(2)), []);
        ModelHandle model = ModelHandle.OfContent(packed.Model);
        Assert.Throws<InvalidDataException>(() => UpdatePacking.Unpack(_trainer, packed.Update.Bytes, _trainer.Write(Draw(3)), model));
        Assert.Throws<InvalidDataException>(() => UpdatePacking.Unpack(_trainer, packed.Update.Bytes[..^1], _trainer.Write(Draw(1)), model));
    }

    [Fact]
    public void Update_that_makes_a_model_overflow_is_refused()
    {
        CompressionOptions options = new() { Kind = "top-k", Keep = 1 };
        float[] large = [.. Enumerable.Repeat(3e38f, Count)];
        PackedTraining packed = UpdatePacking.Pack(_trainer, options, _trainer.Write(new float[Count]), _trainer.Write(large), []);
        ModelHandle model = ModelHandle.OfContent(_trainer.Write([.. Enumerable.Repeat(float.PositiveInfinity, Count)]));
        Assert.Throws<InvalidDataException>(() => UpdatePacking.Unpack(_trainer, packed.Update.Bytes, _trainer.Write(large), model));
    }

    [Fact]
    public void Residuals_of_two_peers_are_two_artifacts()
    {
        float[] values = Draw(7);
        byte[] bytes = ResidualFile.Write(values, "run", "expert-0", 3);
        Assert.Equal(values, ResidualFile.Read(bytes));
        Assert.NotEqual(bytes, ResidualFile.Write(values, "run", "expert-0", 4));
        Assert.Throws<InvalidDataException>(() => ResidualFile.Read(bytes[..^3]));
        Assert.Throws<InvalidDataException>(() => ResidualFile.Read(ResidualFile.Write([float.NaN], "run", "expert-0", 3)));
    }

    private static float[] Draw(int seed)
    {
        var random = new CounterStream((ulong)seed, "packing");
        return [.. Enumerable.Range(0, Count).Select(_ => (float)random.Normal())];
    }

    /// <summary>A model is its floats.</summary>
    private sealed class PlainTrainer : IPeerTrainer
    {
        public IReadOnlyList<Segment> Segments { get; } = [new("w", [Count], 0, SegmentRole.Weight, [])];

        public byte[] Initial() => new byte[4 * Count];

        public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public float[] Read(byte[] model) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(model).ToArray();

        public byte[] Write(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();

        public void Dispose()
        {
        }
    }
}
