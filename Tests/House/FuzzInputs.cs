using System.Buffers.Binary;

namespace OrleansDDM.Tests.House;

/// <summary>How many inputs each fuzz test takes, and how they are made from good ones.</summary>
internal static class FuzzInputs
{
    /// <summary>A thousand, or what DDM_FUZZ gives if that is more.</summary>
    public static int Count { get; } = AtLeast(1_000);

    /// <summary>A number for a test whose inputs cost next to nothing, or what DDM_FUZZ gives if that is more.</summary>
    public static int AtLeast(int least) => int.TryParse(Environment.GetEnvironmentVariable("DDM_FUZZ"), out int wanted) ? Math.Max(least, wanted) : least;

    /// <summary>Changes a good input at one to four places.</summary>
    /// <param name="seed">The good input.</param>
    /// <param name="random">Where and how.</param>
    /// <param name="words">What such inputs are made of, to be put in.</param>
    public static byte[] Mutate(byte[] seed, Random random, byte[][] words)
    {
        List<byte> bytes = [.. seed];
        for (int edits = random.Next(1, 5); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, words[random.Next(words.Length)]);
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    bytes.InsertRange(at, bytes.GetRange(0, Math.Min(bytes.Count, random.Next(1, 64))));
                    break;
                default:
                    byte[] number = new byte[4];
                    BinaryPrimitives.WriteInt32LittleEndian(number, random.Next(int.MinValue, int.MaxValue) >> random.Next(31));
                    bytes.InsertRange(at, number);
                    break;
            }
        }

        return [.. bytes];
    }
}
