using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;

using Microsoft.Extensions.Logging;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>
/// Decisions as JSON lines: denied calls, and allowed ones that change something. Writing never waits: a bounded queue takes the entries, and what
/// does not fit is counted and told in the next line. A full file becomes <c>NAME.1</c>, and so on; the oldest goes.
/// </summary>
public sealed partial class AuditLog : IAsyncDisposable, IDisposable
{
    private const int QueueLength = 4096;
    private const int MaxText = 512;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Channel<Line> _queue = Channel.CreateBounded<Line>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly AuditOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Task _writer;
    private long _dropped;

    /// <summary>Opens the log; nothing is created before the first entry.</summary>
    /// <param name="options">Where, and how much.</param>
    /// <param name="clock">Stamps the entries.</param>
    /// <param name="logger">Hears when entries cannot be written.</param>
    public AuditLog(AuditOptions options, TimeProvider clock, ILogger<AuditLog> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _clock, _logger) = (options, clock, logger);
        _writer = options.Path is null ? Task.CompletedTask : Task.Run(WriteAllAsync);
    }

    /// <summary>Writes an entry, soon.</summary>
    public void Write(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (_options.Path is null)
        {
            return;
        }

        // What callers chose themselves could be long.
        entry = entry with { Source = Cut(entry.Source)!, What = Cut(entry.What)!, Target = Cut(entry.Target), Reason = Cut(entry.Reason) };
        if (!_queue.Writer.TryWrite(new Line(_clock.GetUtcNow(), _options.Silo, entry)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what is queued and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writer;
    }

    /// <summary>As <see cref="DisposeAsync"/>, for hosts that are given up half-way.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _writer.Wait();
    }

    private static string? Cut(string? text) => text is { Length: > MaxText } ? text[..MaxText] : text;

    private async Task WriteAllAsync()
    {
        string path = _options.Path!;
        bool told = false;
        while (await _queue.Reader.WaitToReadAsync())
        {
            try
            {
                Rotate(path);
                using StreamWriter file = Open(path);
                while (file.BaseStream.Length < _options.MaxBytes && _queue.Reader.TryPeek(out Line? line))
                {
                    file.WriteLine(JsonSerializer.Serialize(new { line.Time, line.Silo, line.Entry.Caller, line.Entry.Role, line.Entry.Source, line.Entry.What, line.Entry.Target, line.Entry.Allowed, line.Entry.Reason }, Json));
                    if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                    {
                        file.WriteLine(JsonSerializer.Serialize(new { line.Time, line.Silo, dropped }, Json));
                    }

                    file.Flush();
                    _queue.Reader.TryRead(out _);
                    told = false;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Once until it goes again: whoever is denied often must not fill the log of the silo as well.
                if (!told)
                {
                    LogUnwritable(path, e);
                    told = true;
                }

                Interlocked.Add(ref _dropped, _queue.Reader.TryRead(out _) ? 1 : 0);
            }
        }
    }

    private void Rotate(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length < _options.MaxBytes)
        {
            return;
        }

        for (int i = _options.Files - 1; i >= 1; i--)
        {
            string from = i == 1 ? path : Older(i - 1);
            if (File.Exists(from))
            {
                File.Move(from, Older(i), overwrite: true);
            }
        }

        File.Delete(path);

        string Older(int i) => path + "." + i.ToString(CultureInfo.InvariantCulture);
    }

    private static StreamWriter Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new StreamWriter(new FileStream(path, options));
    }

    [LoggerMessage(EventId = 4101, Level = LogLevel.Error, Message = "The audit log {Path} cannot be written; entries are lost until it can.")]
    private partial void LogUnwritable(string path, Exception error);

    private sealed record Line(DateTimeOffset Time, string Silo, AuditEntry Entry);
}
