using System.Text;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

public sealed class SafetensorsFuzzTests
{
    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "0", "-1", "18446744073709551616", "1e9", "null", "true", "\"dtype\"", "\"shape\"",
        "\"data_offsets\"", "\"__metadata__\"", "\"F64\"", "\"BF16\"", " ", "\0", "\u00ff", "4611686018427387904",
    ];

    [Fact]
    public void Read_of_mutants_gives_a_file_or_a_safetensors_exception()
    {
        int mutants = FuzzInputs.AtLeast(20_000);
        byte[] seed = SafetensorsWriter.Write(
            [
                SafetensorsEntry.Of("weight", [2, 3], [1f, 2, 3, 4, 5, 6]), SafetensorsEntry.Of("bias", [2], [1d, 2]),
                SafetensorsEntry.Of("step", [], [7L]), SafetensorsEntry.Of("none", [0, 4], ReadOnlySpan<byte>.Empty),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
        var random = new Random(1);
        int accepted = 0;
        var rules = new HashSet<SafetensorsRule>();
        for (int i = 0; i < mutants; i++)
        {
            byte[] mutant = Mutate(seed, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                SafetensorsFile file = SafetensorsReader.Read(mutant);
                accepted++;

                // What is accepted holds the rules: it can be written and covers its bytes.
                Assert.True(file.Entries.Sum(entry => entry.Data.Length) < mutant.Length);
                SafetensorsFile again = SafetensorsReader.Read(SafetensorsWriter.Write(file.Entries, file.Metadata));
                Assert.Equal(file.Names.Order(), again.Names.Order());
            }
            catch (SafetensorsException e)
            {
                rules.Add(e.Rule);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 * 1024);
        }

        Assert.InRange(accepted, 1, mutants / 2);
        Assert.True(rules.Count >= 9, $"the mutants reach too few rules: {string.Join(", ", rules)}");
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        List<byte> bytes = [.. seed];
        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            int at = random.Next(bytes.Count);
            int header = 8 + random.Next(Math.Max(1, Math.Min(bytes.Count, 300) - 8));
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[Math.Min(header, bytes.Count - 1)] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 60), bytes.Count - at)));
                    break;
                case 4:
                    Overwrite(bytes, header, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
                case 5:
                    ReplaceDigit(bytes, random);
                    break;
                default:
                    bytes[random.Next(Math.Min(8, bytes.Count))] = (byte)random.Next(256);
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] token)
    {
        for (int i = 0; i < token.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = token[i];
        }
    }

    private static void ReplaceDigit(List<byte> bytes, Random random)
    {
        int[] digits = [.. Enumerable.Range(0, bytes.Count).Where(i => i >= 8 && bytes[i] is >= (byte)'0' and <= (byte)'9')];
        if (digits.Length > 0)
        {
            bytes[digits[random.Next(digits.Length)]] = (byte)('0' + random.Next(10));
        }
    }
}
