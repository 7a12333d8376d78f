using System.Globalization;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>One-way latencies between peers.</summary>
public sealed class Latencies
{
    private readonly double[,] _seconds;

    private Latencies(double[,] seconds) => _seconds = seconds;

    /// <summary>Number of cities.</summary>
    public int Cities => _seconds.GetLength(0);

    /// <summary>Seconds from one peer to another; peers go round the cities.</summary>
    public double Seconds(int from, int to) => _seconds[from % Cities, to % Cities];

    /// <summary>One latency for all.</summary>
    public static Latencies Uniform(double seconds) => new(new[,] { { seconds } });

    /// <summary>
    /// Cities drawn on the globe, most of them in the belt where people live. One way takes 1 ms and the great circle at two thirds of the
    /// speed of light by a way that is 1.4 to 2.2 times as long: some 5 to 200 ms, as public ping tables show.
    /// </summary>
    public static Latencies OfCities(int cities, ulong seed)
    {
        CounterStream random = new(seed, "cities");
        (double Latitude, double Longitude)[] places =
            [.. Enumerable.Range(0, cities).Select(_ => (Math.Clamp(0.6 + (0.45 * random.Normal()), -0.9, 1.1), 2 * Math.PI * random.Unit()))];
        double[,] seconds = new double[cities, cities];
        for (int i = 0; i < cities; i++)
        {
            seconds[i, i] = 0.001;
            for (int j = i + 1; j < cities; j++)
            {
                double cosine = (Math.Sin(places[i].Latitude) * Math.Sin(places[j].Latitude))
                    + (Math.Cos(places[i].Latitude) * Math.Cos(places[j].Latitude) * Math.Cos(places[i].Longitude - places[j].Longitude));
                double kilometres = 6371 * Math.Acos(Math.Clamp(cosine, -1, 1));
                seconds[i, j] = seconds[j, i] = 0.001 + (kilometres * (1.4 + (0.8 * random.Unit())) / 200_000);
            }
        }

        return new Latencies(seconds);
    }

    /// <summary>Reads a square CSV of milliseconds, without a heading.</summary>
    /// <exception cref="FormatException">A field is not a number from 0 on, or the matrix is not square; the line is named.</exception>
    public static Latencies Read(TextReader reader)
    {
        List<double[]> rows = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0)
            {
                continue;
            }

            double[] row = [.. line.Split(',').Select(f => Milliseconds(f, rows.Count + 1))];
            rows.Add(row);
        }

        double[,] seconds = new double[rows.Count, rows.Count];
        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length != rows.Count)
            {
                throw new FormatException($"Line {i + 1} of the latencies must have {rows.Count} fields, as there are lines, not {rows[i].Length}.");
            }

            for (int j = 0; j < rows.Count; j++)
            {
                seconds[i, j] = rows[i][j] / 1000;
            }
        }

        return rows.Count > 0 ? new Latencies(seconds) : throw new FormatException("The latencies must have at least one line.");
    }

    /// <summary>The latencies of a plan.</summary>
    /// <exception cref="SpecException">The plan is wrong, or its file cannot be read.</exception>
    public static Latencies Of(NetworkPlan plan, int peers, ulong seed)
    {
        switch (plan.Latency)
        {
            case "uniform":
                return Uniform(plan.LatencySeconds);
            case "cities":
                return OfCities(Math.Clamp(peers, 1, 200), seed);
            case "file" when plan.LatencyFile is { } file:
                try
                {
                    using StreamReader reader = new(file);
                    return Read(reader);
                }
                catch (Exception fault) when (fault is IOException or FormatException)
                {
                    throw new SpecException("network.latencyFile", "cannot be read: " + fault.Message.TrimEnd('.'));
                }

            default:
                throw new SpecException("network.latency", "must be cities, uniform, or file with latencyFile");
        }
    }

    private static double Milliseconds(string field, int line) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= 0
            ? value
            : throw new FormatException($"Line {line} of the latencies has '{field}', which is not a number of milliseconds.");
}
