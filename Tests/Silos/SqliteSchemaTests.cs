using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class SqliteSchemaTests : IDisposable
{
    private readonly RunFolder _folder = new();

    private string Path => _folder.File("state.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Installing_twice_changes_nothing()
    {
        Assert.Null(Install());
        string before = Dump();
        Assert.Null(Install());
        Assert.Equal(before, Dump());
    }

    [Fact]
    public async Task Installing_from_many_sides_at_once_works()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(Install)));
        Assert.Equal(4L, Scalar("SELECT count(*) FROM OrleansQuery"));
        Assert.Equal(2L, Scalar("SELECT Version FROM DdmSchema"));
    }

    [Fact]
    public void Changed_query_texts_are_brought_up_to_date()
    {
        Install();
        string before = Dump();
        Scalar("UPDATE OrleansQuery SET QueryText = 'SELECT 1'");
        Install();
        Assert.Equal(before, Dump());
    }

    [Fact]
    public void Writes_reach_the_disk_before_they_are_acknowledged()
    {
        Install();
        Assert.Equal("wal", Scalar("PRAGMA journal_mode"));
        Assert.Equal(2L, Scalar("PRAGMA synchronous"));
    }

    [Fact]
    public void Newer_schema_is_refused()
    {
        Install();
        Scalar("UPDATE DdmSchema SET Version = 99");
        Assert.Contains("version 99", Assert.Throws<SchemaException>(Install).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(4096)]
    [InlineData(9000)]
    public void Truncated_database_is_moved_aside(int length)
    {
        Install();
        using (FileStream file = File.OpenWrite(Path))
        {
            file.SetLength(length);
        }

        string? aside = Install();
        Assert.Equal(Path + ".corrupt-1", aside);
        Assert.Equal(length, new FileInfo(aside!).Length);
        Assert.Equal(4L, Scalar("SELECT count(*) FROM OrleansQuery"));
        SqliteConnection.ClearAllPools();
        File.WriteAllText(Path, "not a database, but long enough to have a header of its own, which is a hundred bytes in all files");
        Assert.Equal(Path + ".corrupt-2", Install());
    }

    [Fact]
    public void Overwritten_page_is_found()
    {
        Install();
        using (FileStream file = File.OpenWrite(Path))
        {
            file.Seek(4096, SeekOrigin.Begin);
            file.Write(new byte[4096]);
        }

        Assert.NotNull(Install());
    }

    private string? Install() => SqliteSchema.Install(Path, NullLogger.Instance);

    private string Dump() => (string)Scalar("SELECT group_concat(QueryKey || QueryText) FROM (SELECT * FROM OrleansQuery ORDER BY QueryKey)")!;

    private object? Scalar(string text)
    {
        using var connection = new SqliteConnection(SqliteSchema.ConnectionString(Path) + ";Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }
}
