using OrleansDDM.Silos.Storage;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>What a connection string leaves open.</summary>
public sealed class ClusterDatabaseTests
{
    [Theory]
    [InlineData("Host=db", 16)]
    [InlineData("Host=db;Maximum Pool Size=3", 3)]
    [InlineData("Host=db;MaxPoolSize=100", 100)]
    [InlineData("Host=db;Minimum Pool Size=20", 20)]
    public void A_process_takes_few_of_the_servers_connections_unless_told_otherwise(string connection, int most) =>
        Assert.Equal(most, ClusterDatabase.Parse(connection).MaxPoolSize);
}
