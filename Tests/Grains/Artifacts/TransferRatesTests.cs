using System.Net;

using Orleans.Runtime;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class TransferRatesTests
{
    private static readonly SiloAddress One = Silo(1), Other = Silo(2);

    private readonly ManualClock _clock = new();
    private readonly TransferRates _rates;

    public TransferRatesTests() => _rates = new TransferRates(_clock);

    [Fact]
    public void Rate_is_a_weighted_mean_of_the_seconds_of_a_byte_for_each_source()
    {
        Assert.Null(_rates.From(One));
        _rates.Note(One, 1_000_000, TimeSpan.FromSeconds(1));
        Assert.Equal(1e6, _rates.From(One)!.Value, 1e-3);
        _rates.Note(One, 4_000_000, TimeSpan.FromSeconds(2));
        Assert.Equal(1 / ((0.7 * 1e-6) + (0.3 * 0.5e-6)), _rates.From(One)!.Value, 1e-3);
        Assert.Null(_rates.From(Other));
    }

    [Fact]
    public void Rates_are_bounded_and_small_transfers_do_not_count()
    {
        _rates.Note(One, TransferRates.SmallestTransfer - 1, TimeSpan.FromHours(1));
        Assert.Null(_rates.From(One));
        _rates.Note(One, 1_000_000, TimeSpan.FromHours(1));
        Assert.Equal(TransferRates.Least, _rates.From(One)!.Value, 1e-3);
        _rates.Note(Other, 1_000_000, TimeSpan.Zero);
        Assert.Equal(TransferRates.Most, _rates.From(Other)!.Value, 10);
    }

    [Fact]
    public void Old_measurements_are_forgotten()
    {
        _rates.Note(One, 1_000_000, TimeSpan.FromSeconds(1));
        _clock.Advance(TransferRates.Fresh);
        Assert.Null(_rates.From(One));
        _rates.Note(One, 1_000_000, TimeSpan.FromSeconds(2));
        Assert.Equal(0.5e6, _rates.From(One)!.Value, 1e-3);
    }

    [Fact]
    public void Deadline_follows_from_the_slowest_source_and_tells_why()
    {
        var estimate = new WorkEstimate(1, 1, 1);
        (string Name, SiloAddress Silo)[] sources = [("silo-1", One), ("silo-2", Other)];
        (TimeSpan assumed, string first) = RoundEstimate.After(estimate, null, 0.5, 10_000_000, _rates.Slowest(sources)).Deadline(8);
        Assert.Equal((2 * 0.5) + (2 * 8 * 0.2) + 0.9, assumed.TotalSeconds, 1e-9);
        Assert.Contains("at 50000000 bytes/s (assumed)", first, StringComparison.Ordinal);

        _rates.Note(One, 10_000_000, TimeSpan.FromSeconds(1));
        _rates.Note(Other, 10_000_000, TimeSpan.FromSeconds(4));
        WorkEstimate measured = RoundEstimate.After(estimate, 0.5, 1.5, 10_000_000, _rates.Slowest(sources));
        (TimeSpan time, string reason) = measured.Deadline(8);
        Assert.Equal((2 * 0.8) + (2 * 8 * 4) + 0.9, time.TotalSeconds, 1e-9);
        Assert.StartsWith("66.5 s = ", reason, StringComparison.Ordinal);
        Assert.Contains("8 models of 10000000 bytes at 2500000 bytes/s (measured from silo-2, the slowest of 2)", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transfers_between_silos_are_measured_by_the_clock_of_the_receiver()
    {
        using var silos = new FakeSilos(3);
        byte[] bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        ArtifactReference reference = silos[2].Store.Put(bytes);
        silos[2].Piece = (_, piece) =>
        {
            // One piece at a time comes on the way; each takes half a second.
            lock (silos)
            {
                silos[0].Clock.Advance(TimeSpan.FromSeconds(0.5));
            }

            return piece;
        };
        await silos[0].Exchange.FetchAsync(reference);
        Assert.Null(silos[0].Rates.From(silos[1].Self));
        Assert.Equal(bytes.Length / 1.5, silos[0].Rates.From(silos[2].Self)!.Value, 1);
    }

    private static SiloAddress Silo(int number) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, number), 1);
}
