using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Revocations go by the database's clock, whatever that of the machine says on which they are made.</summary>
public sealed class RevocationClockTests : IDisposable
{
    private readonly TokenKey _key = TokenKey.Generate();

    public void Dispose() => _key.Dispose();

    [PostgresTheory]
    [InlineData(0)]
    [InlineData(-20)]
    [InlineData(20)]
    public async Task Revocation_meets_tokens_of_a_clock_that_is_ahead_whatever_the_clock_here(int secondsAhead)
    {
        string database = await TestPostgres.InstalledAsync();
        var skew = TimeSpan.FromSeconds(30);
        var here = new ShiftedTime(TimeSpan.FromSeconds(secondsAhead));
        var revocations = new TokenRevocations();
        using var verifier = new TokenVerifier([_key], TimeProvider.System, skew, revocations);
        string leaked = _key.Issue(Roles.Peer, "ann", TimeSpan.FromHours(8), DateTimeOffset.UtcNow.AddSeconds(25));
        Assert.True(verifier.TryVerify(leaked, out _, out _));

        DateTimeOffset upTo = await RevocationTable.RevokeAsync(database, "ann", skew, here);

        Assert.InRange(upTo - DateTimeOffset.UtcNow, skew - TimeSpan.FromSeconds(5), skew + TimeSpan.FromSeconds(1));
        revocations.Set(await RevocationTable.ReadAsync(database));
        Assert.False(verifier.TryVerify(leaked, out _, out string? fault));
        Assert.Contains("was revoked", fault, StringComparison.Ordinal);
    }

    [PostgresTheory]
    [InlineData(-40)]
    [InlineData(40)]
    public async Task Revoking_where_clocks_are_too_far_apart_is_refused(int secondsAhead)
    {
        string database = await TestPostgres.InstalledAsync();
        var here = new ShiftedTime(TimeSpan.FromSeconds(secondsAhead));
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => RevocationTable.RevokeAsync(database, "ann", TimeSpan.FromSeconds(30), here));
        Assert.Contains("Nothing is revoked", e.Message, StringComparison.Ordinal);
        Assert.Empty(await RevocationTable.ReadAsync(database));
        await RevocationTable.RevokeAsync(database, "ann", TimeSpan.FromSeconds(60), here);
        Assert.Equal(["ann"], (await RevocationTable.ReadAsync(database)).Keys);
    }

    /// <summary>A clock that is wrong by so much.</summary>
    private sealed class ShiftedTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
