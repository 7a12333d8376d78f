using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Compression;

/// <summary>Compressed updates that were damaged on their way.</summary>
public sealed class UpdateCodecFuzzTests
{
    public static TheoryData<string> Kinds => [.. CompressionOptions.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Damaged_bytes_are_an_error_and_never_another(string kind)
    {
        byte[] good = UpdateCodec.Encode(UpdateCodecTests.Normal(40), new() { Kind = kind, Block = 16, Keep = 0.2 });
        CounterStream random = new(3, "damage");
        for (int i = 0; i < FuzzInputs.AtLeast(2_000); i++)
        {
            byte[] bad = [.. good.Take(random.Below(4) == 0 ? random.Below(good.Length) : good.Length)];
            if (bad.Length > 0)
            {
                bad[random.Below(bad.Length)] ^= (byte)(1 << random.Below(8));
            }

            try
            {
                Assert.All(UpdateCodec.Decode(bad, 40), v => Assert.True(float.IsFinite(v)));
            }
            catch (InvalidDataException)
            {
            }
        }

        Assert.Throws<InvalidDataException>(() => UpdateCodec.Decode(good, 41));
        Assert.Throws<ArgumentException>(() => UpdateCodec.Encode([1, float.NaN], new() { Kind = kind }));
    }
}
