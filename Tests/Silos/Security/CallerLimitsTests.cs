using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

public sealed class CallerLimitsTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Bucket_holds_two_seconds_and_fills_at_the_rate()
    {
        CallerLimits limits = Limits(new() { CallsPerSecond = 10 });
        Assert.Equal(20, Calls(limits, "a", 50));
        _clock.Advance(TimeSpan.FromSeconds(0.55));
        Assert.Equal(5, Calls(limits, "a", 50));
        Assert.Equal(20, Calls(limits, "b", 50)); // everybody has his own
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(20, Calls(limits, "a", 50));
    }

    [Fact]
    public void Calls_and_transfers_under_way_are_bounded_and_places_come_back_once()
    {
        CallerLimits limits = Limits(new() { CallsInFlight = 3, TransfersInFlight = 1 });
        IDisposable transfer = limits.Enter("a", transfer: true);
        Assert.Contains("Limits:TransfersInFlight", Assert.Throws<TooManyRequestsException>(() => limits.Enter("a", transfer: true)).Message, StringComparison.Ordinal);
        limits.Enter("a", transfer: false);
        limits.Enter("a", transfer: false);
        Assert.Contains("Limits:CallsInFlight", Assert.Throws<TooManyRequestsException>(() => limits.Enter("a", transfer: false)).Message, StringComparison.Ordinal);
        limits.Enter("b", transfer: true);
        transfer.Dispose();
        transfer.Dispose();
        limits.Enter("a", transfer: true);
        Assert.Throws<TooManyRequestsException>(() => limits.Enter("a", transfer: false));
    }

    private static int Calls(CallerLimits limits, string caller, int tries)
    {
        int made = 0;
        for (int i = 0; i < tries; i++)
        {
            try
            {
                limits.Enter(caller, transfer: false).Dispose();
                made++;
            }
            catch (TooManyRequestsException)
            {
                // Counted by what is missing.
            }
        }

        return made;
    }

    private CallerLimits Limits(CallerLimitOptions options) => new(options, _clock);
}
