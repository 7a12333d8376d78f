using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace OrleansDDM.Learning.Data;

/// <summary>
/// Downloads official files: to <c>FILE.part</c>, resumed by HTTP Range, checked for length and SHA-256, then renamed in one step, so that
/// a file under its own name is always whole and right.
/// </summary>
/// <param name="http">Client to use; its timeout applies to each request's headers.</param>
/// <param name="time">Clock of the pauses between tries; null = the system's.</param>
/// <param name="attempts">Tries for each file, at least 1; a try that brought new bytes does not count against it.</param>
/// <param name="idleLimit">Longest wait for the next bytes; null = 60 s.</param>
public sealed class DatasetDownloader(HttpClient http, TimeProvider? time = null, int attempts = 5, TimeSpan? idleLimit = null)
{
    private const int MostResumes = 100;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly TimeSpan _idleLimit = idleLimit ?? TimeSpan.FromSeconds(60);

    /// <summary>Downloads every file of a known data set into <c>root/NAME/</c>; files that are there and right are kept.</summary>
    /// <param name="name">A name of <see cref="OfficialDatasets"/>.</param>
    /// <param name="root">Data root.</param>
    /// <param name="mirror">Base address that replaces the official ones: files are at <c>mirror/NAME/FILE</c>.</param>
    /// <param name="progress">Called for each block and once verified.</param>
    /// <param name="cancellation">Stops; the part that is there is kept for the next time.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="DatasetException">Unknown name, the server refuses, or sends something else than the official file.</exception>
    public async Task<string> GetAsync(
        string name, string root, Uri? mirror = null, Action<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        OfficialDataset dataset = OfficialDatasets.Find(name)
            ?? throw new DatasetException($"Data set '{name}'", $"cannot be downloaded; those that can are {string.Join(", ", OfficialDatasets.All.Select(d => d.Name))}") { IsNotFound = true };
        string folder = Path.Combine(root, name);
        foreach (OfficialFile file in dataset.Files)
        {
            OfficialFile from = mirror is null ? file : file with { Url = new Uri($"{mirror.AbsoluteUri.TrimEnd('/')}/{name}/{file.Name}") };
            await GetFileAsync(from, folder, progress, cancellation).ConfigureAwait(false);
        }

        return folder;
    }

    /// <summary>Downloads one file into <paramref name="folder"/>, unless it is there and right.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="DatasetException">As for <see cref="GetAsync"/>.</exception>
    public async Task<string> GetFileAsync(OfficialFile file, string folder, Action<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, file.Name);
        string part = path + ".part";
        if (File.Exists(path) && new FileInfo(path).Length == file.Length && await HashAsync(path, cancellation).ConfigureAwait(false) == file.Sha256)
        {
            progress?.Invoke(new DownloadProgress(file.Name, file.Length, file.Length, true));
            return path;
        }

        bool resumed = Length(part) > 0;
        await FillAsync(file, part, progress, cancellation).ConfigureAwait(false);
        if (await HashAsync(part, cancellation).ConfigureAwait(false) != file.Sha256 && resumed)
        {
            // The older part may be to blame: once more from the start.
            File.Delete(part);
            await FillAsync(file, part, progress, cancellation).ConfigureAwait(false);
        }

        string actual = await HashAsync(part, cancellation).ConfigureAwait(false);
        if (actual != file.Sha256)
        {
            File.Delete(part);
            throw new DatasetException(file.Url.ToString(), $"is not the official {file.Name}: its SHA-256 is {actual}, not {file.Sha256}; the file was deleted");
        }

        File.Move(part, path, overwrite: true);
        progress?.Invoke(new DownloadProgress(file.Name, file.Length, file.Length, true));
        return path;
    }

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using FileStream stream = BoundedReader.Open(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
    }

    private async Task FillAsync(OfficialFile file, string part, Action<DownloadProgress>? progress, CancellationToken cancellation)
    {
        int failures = 0;
        for (int tries = 0; Length(part) != file.Length; tries++)
        {
            long before = Length(part);
            Exception error;
            try
            {
                await TryAsync(file, part, progress, cancellation).ConfigureAwait(false);
                continue;
            }
            catch (DatasetException)
            {
                if (Length(part) == 0)
                {
                    File.Delete(part);
                }

                throw;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException
                || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                error = e;
            }

            failures = Length(part) > before ? 1 : failures + 1;
            if (failures >= attempts || tries >= MostResumes)
            {
                throw new DatasetException(
                    file.Url.ToString(), $"could not be downloaded ({Length(part)} of {file.Length} bytes are kept for the next time): {error.Message.TrimEnd('.')}", error);
            }

            await Task.Delay(Pause(failures), _time, cancellation).ConfigureAwait(false);
        }
    }

    private static TimeSpan Pause(int failures) =>
        TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(failures - 1, 20)));

    private async Task TryAsync(OfficialFile file, string part, Action<DownloadProgress>? progress, CancellationToken cancellation)
    {
        await using FileStream target = OpenPart(part);
        if (target.Length > file.Length)
        {
            target.SetLength(0);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, file.Url);
        if (target.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(target.Length, null);
        }

        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        long start = Start(response, file, target);
        target.SetLength(start);
        target.Position = start;
        await CopyAsync(response, file, target, progress, cancellation).ConfigureAwait(false);
        target.Flush(flushToDisk: true);
    }

    private static FileStream OpenPart(string part)
    {
        try
        {
            return new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(part, "cannot be written; another download may be under way: " + e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>The position that the body of the response starts at.</summary>
    private static long Start(HttpResponseMessage response, OfficialFile file, FileStream target)
    {
        long start = 0;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                break;
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange?.From == target.Length:
                start = target.Length;
                break;
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                target.SetLength(0);
                throw new HttpRequestException("the server answered with another range than asked for");
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                throw new HttpRequestException($"the server answered {(int)response.StatusCode} {response.ReasonPhrase}");
            default:
                throw new DatasetException(file.Url.ToString(), $"cannot be downloaded: the server answered {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        long? announced = start + response.Content.Headers.ContentLength;
        if (announced is not null && announced != file.Length)
        {
            throw new DatasetException(file.Url.ToString(), $"has {announced} bytes by the server's account; the official {file.Name} has {file.Length}");
        }

        return start;
    }

    private async Task CopyAsync(
        HttpResponseMessage response, OfficialFile file, FileStream target, Action<DownloadProgress>? progress, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 16];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            int read = await body.ReadAsync(buffer, cancellation).AsTask().WaitAsync(_idleLimit, _time, cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            if (target.Position + read > file.Length)
            {
                target.SetLength(0);
                throw new DatasetException(file.Url.ToString(), $"sends more than the {file.Length} bytes of the official {file.Name}; what came was deleted");
            }

            await target.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Invoke(new DownloadProgress(file.Name, target.Position, file.Length, false));
        }

        if (target.Position < file.Length)
        {
            throw new IOException($"the connection ended after {target.Position} of {file.Length} bytes");
        }
    }
}
