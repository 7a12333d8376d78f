using System.Globalization;

namespace OrleansDDM.Protocols.Shards;

/// <summary>
/// A file that says which peer holds which samples: one line for each peer, from peer 0, of sample numbers and ranges <c>first-last</c>, separated by spaces or
/// commas. Empty lines and those that begin with # do not count. Pure.
/// </summary>
public static class ShardFile
{
    private const int MostDigits = 10;

    /// <summary>Deals samples out as a file says.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="peers">Number of peers; the file must have as many lines.</param>
    /// <param name="ids">Number of each sample in the file's sense. Numbers that are not among them are passed over: such samples were held out.</param>
    /// <returns>For each peer the ascending positions of its samples in <paramref name="ids"/>.</returns>
    /// <exception cref="FormatException">A word is no number or range, a sample is listed twice or not at all, or there are fewer or more lines than peers.</exception>
    public static int[][] Read(TextReader reader, int peers, IReadOnlyList<long> ids)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(ids);
        var rows = new Dictionary<long, int>(ids.Count);
        for (int row = 0; row < ids.Count; row++)
        {
            rows.Add(ids[row], row);
        }

        long last = ids.Count == 0 ? -1 : ids.Max();
        int[] holder = new int[ids.Count];
        Array.Fill(holder, -1);
        int peer = 0, number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.AsSpan().Trim() is [] or ['#', ..])
            {
                continue;
            }

            if (peer == peers)
            {
                throw new FormatException($"Line {number} is one too many: there are {peers} peers, and each has one line.");
            }

            foreach (string word in line.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries))
            {
                (long from, long to) = Range(word, number);
                for (long id = from; id <= Math.Min(to, last); id++)
                {
                    if (!rows.TryGetValue(id, out int row))
                    {
                        continue;
                    }

                    holder[row] = holder[row] < 0
                        ? peer
                        : throw new FormatException($"Line {number} gives sample {id} to peer {peer}, but {(holder[row] == peer ? "that line has it already" : $"peer {holder[row]} has it")}. A sample has one holder.");
                }
            }

            peer++;
        }

        return Check(holder, peer, peers, ids);
    }

    private static int[][] Check(int[] holder, int lines, int peers, IReadOnlyList<long> ids)
    {
        if (lines < peers)
        {
            throw new FormatException($"There are lines for {lines} peers, but the run has {peers}. Each peer needs one line.");
        }

        int missing = Array.IndexOf(holder, -1);
        if (missing >= 0)
        {
            throw new FormatException($"Nobody has sample {ids[missing]}, the first of {holder.Count(h => h < 0)} that are not listed. Every training sample must be.");
        }

        List<int>[] shards = [.. Enumerable.Range(0, peers).Select(_ => new List<int>())];
        for (int row = 0; row < holder.Length; row++)
        {
            shards[holder[row]].Add(row);
        }

        int poor = Array.FindIndex(shards, s => s.Count == 0);
        return poor < 0
            ? [.. shards.Select(s => s.ToArray())]
            : throw new FormatException($"The line of peer {poor} names no training sample. Use fewer peers, or give it some.");
    }

    private static (long From, long To) Range(string word, int line)
    {
        int dash = word.IndexOf('-', StringComparison.Ordinal);
        string from = dash < 0 ? word : word[..dash], to = dash < 0 ? word : word[(dash + 1)..];
        return from.Length <= MostDigits && to.Length <= MostDigits
            && long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out long first)
            && long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out long last) && first <= last
                ? (first, last)
                : throw new FormatException($"Line {line}: '{word}' is neither a sample's number nor a range like 100-199.");
    }
}
