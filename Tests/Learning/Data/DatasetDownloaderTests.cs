using System.Security.Cryptography;

using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Learning.Data;

public sealed class DatasetDownloaderTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)((i * 7) ^ (i >> 9)))];
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private readonly HastyTime _time = new();

    private string Final => Path.Combine(_folder.Path, "f.bin");

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    private static OfficialFile Official(FlakyServer server, byte[]? content = null) => new(
        "f.bin", new Uri(server.Address, "f.bin"), (content ?? Content).Length, Convert.ToHexStringLower(SHA256.HashData(content ?? Content)));

    private async Task<DatasetException?> DownloadAsync(FlakyServer server, int attempts = 3, Action<DownloadProgress>? progress = null)
    {
        try
        {
            await new DatasetDownloader(_http, _time, attempts).GetFileAsync(Official(server), _folder.Path, progress);
            return null;
        }
        catch (DatasetException e)
        {
            return e;
        }
    }

    [Fact]
    public async Task A_good_file_arrives_whole_and_is_not_fetched_again()
    {
        await using var server = new FlakyServer(Content);
        var seen = new List<DownloadProgress>();
        Assert.Null(await DownloadAsync(server, progress: seen.Add));
        Assert.Null(await DownloadAsync(server));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
        Assert.Single(server.Requests);
        Assert.Equal([Final], Directory.GetFiles(_folder.Path));
        Assert.Equal(new DownloadProgress("f.bin", Content.Length, Content.Length, true), seen[^1]);
        Assert.Equal(seen.Select(p => p.Bytes).Order(), seen.Select(p => p.Bytes));
    }

    [Fact]
    public async Task A_connection_that_breaks_off_is_resumed_where_it_broke()
    {
        await using var server = new FlakyServer(Content, new Behaviour(BreakAfter: 100_000), new Behaviour(BreakAfter: 50_000));
        Assert.Null(await DownloadAsync(server));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
        Assert.Equal(["/f.bin from -1", "/f.bin from 100000", "/f.bin from 150000"], server.Requests);
        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)], _time.Pauses);
    }

    [Fact]
    public async Task The_part_is_kept_when_tries_run_out_and_used_the_next_time()
    {
        await using var server = new FlakyServer(Content, new Behaviour(BreakAfter: 1000), new Behaviour(503), new Behaviour(503));
        DatasetException? e = await DownloadAsync(server, attempts: 3);
        Assert.Contains("1000 of 300000 bytes are kept", e!.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Final));
        Assert.Null(await DownloadAsync(server));
        Assert.Equal("/f.bin from 1000", server.Requests.Last());
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
    }

    [Fact]
    public async Task Pauses_double_and_are_bounded_in_number()
    {
        await using var server = new FlakyServer(Content, [.. Enumerable.Repeat(new Behaviour(500), 9)]);
        Assert.NotNull(await DownloadAsync(server, attempts: 4));
        Assert.Equal([1.0, 2.0, 4.0], _time.Pauses.Select(p => p.TotalSeconds));
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_ignores_the_range_starts_over()
    {
        await using var server = new FlakyServer(Content, new Behaviour(BreakAfter: 1000), new Behaviour(IgnoreRange: true));
        Assert.Null(await DownloadAsync(server));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
    }

    [Fact]
    public async Task A_range_that_was_not_asked_for_is_thrown_away()
    {
        await using var server = new FlakyServer(Content, new Behaviour(BreakAfter: 1000), new Behaviour(ShiftRange: 5));
        Assert.Null(await DownloadAsync(server));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
        Assert.Equal("/f.bin from -1", server.Requests.Last());
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(400_000)]
    public async Task A_length_that_is_not_the_official_one_is_refused_at_once(long announced)
    {
        await using var server = new FlakyServer(Content, new Behaviour(Announce: announced));
        Assert.Contains($"has {announced} bytes", (await DownloadAsync(server))!.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task More_bytes_than_official_are_refused_without_an_announced_length()
    {
        await using var server = new FlakyServer([.. Content, 1], new Behaviour(Announce: -1));
        Assert.Contains("sends more than the 300000 bytes", (await DownloadAsync(server))!.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_wrong_file_is_deleted_and_named()
    {
        byte[] wrong = [.. Content];
        wrong[5] ^= 1;
        await using var server = new FlakyServer(wrong);
        DatasetException? e = await DownloadAsync(server);
        Assert.Contains("is not the official f.bin", e!.Message, StringComparison.Ordinal);
        Assert.Contains(server.Address.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_wrong_part_of_an_earlier_time_costs_one_more_download()
    {
        _folder.Write("f.bin.part", [9, 9, 9]);
        await using var server = new FlakyServer(Content);
        Assert.Null(await DownloadAsync(server));
        Assert.Equal(["/f.bin from 3", "/f.bin from -1"], server.Requests);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Final));
    }

    [Fact]
    public async Task A_missing_file_is_not_tried_again()
    {
        await using var server = new FlakyServer(Content, new Behaviour(404));
        Assert.Contains("404", (await DownloadAsync(server))!.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        var server = new FlakyServer(Content);
        await server.DisposeAsync();
        Assert.Contains(server.Address.ToString(), (await DownloadAsync(server, attempts: 2))!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_replaces_the_official_addresses()
    {
        await using var server = new FlakyServer(Content, new Behaviour(404));
        await Assert.ThrowsAsync<DatasetException>(() => new DatasetDownloader(_http, _time).GetAsync("mnist", _folder.Path, server.Address));
        Assert.Equal("/mnist/train-images-idx3-ubyte.gz from -1", Assert.Single(server.Requests));
        DatasetException e = await Assert.ThrowsAsync<DatasetException>(() => new DatasetDownloader(_http, _time).GetAsync("mnits", _folder.Path));
        Assert.Contains("fashion-mnist", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_keeps_the_part()
    {
        await using var server = new FlakyServer(Content);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new DatasetDownloader(_http, _time).GetFileAsync(
            Official(server), _folder.Path, _ => stop.Cancel(), stop.Token));
        Assert.Equal([Final + ".part"], Directory.GetFiles(_folder.Path));
    }

    /// <summary>Pauses pass at once and are noted; longer limits never fall due.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public List<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.FromSeconds(30) || dueTime < TimeSpan.Zero)
            {
                return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            Pauses.Add(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
