using OrleansDDM.Grains.Artifacts;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>A disk that fails as it is told.</summary>
internal sealed class FailingFiles : IFileLayer
{
    private const int NoSpace = 28;
    private const int BadSector = 5;
    private const int TooManyOpenFiles = 24;

    private readonly DiskFiles _files = new();
    private int _refusals;
    private int _opened;

    /// <summary>Bytes that still fit; null = any number.</summary>
    public long? Space { get; set; }

    /// <summary>Whether files whose name has this text cannot be read.</summary>
    public string? Unreadable { get; set; }

    /// <summary>The error with which they cannot be read.</summary>
    public int ReadError { get; set; } = BadSector;

    /// <summary>How many of the next files cannot be opened or made, as too many are open.</summary>
    public int Refusals
    {
        get => Volatile.Read(ref _refusals);
        set => Volatile.Write(ref _refusals, value);
    }

    /// <summary>Files opened for reading so far.</summary>
    public int Opened => Volatile.Read(ref _opened);

    /// <summary>Called before a file is deleted; may block.</summary>
    public Action BeforeDelete { get; set; } = () => { };

    /// <summary>Called with its name before a file that is whole gets it; may block.</summary>
    public Action<string> BeforeNaming { get; set; } = _ => { };

    /// <summary>Whether this process may not make files.</summary>
    public bool Forbids { get; set; }

    /// <summary>How often somebody asked whether there is a file.</summary>
    public int Looks { get; private set; }

    /// <summary>Whether nothing can be flushed.</summary>
    public bool FailsToFlush { get; set; }

    public bool Exists(string path)
    {
        Looks++;
        return _files.Exists(path);
    }

    public Stream OpenRead(string path)
    {
        Refuse();
        if (Unreadable is { } text && path.Contains(text, StringComparison.Ordinal))
        {
            throw new IOException("Input/output error", ReadError);
        }

        Stream stream = _files.OpenRead(path);
        Interlocked.Increment(ref _opened);
        return stream;
    }

    public Stream Create(string path)
    {
        Refuse();
        return Forbids ? throw new UnauthorizedAccessException("Access is denied.") : new Limited(this, (FileStream)_files.Create(path));
    }

    public void Flush(Stream stream)
    {
        if (FailsToFlush)
        {
            throw new IOException("Input/output error", BadSector);
        }

        _files.Flush(((Limited)stream).Inner);
    }

    public void Move(string from, string to)
    {
        BeforeNaming(Path.GetFileName(to));
        _files.Move(from, to);
    }

    public void Delete(string path)
    {
        BeforeDelete();
        _files.Delete(path);
    }

    public IEnumerable<string> Files(string folder) => _files.Files(folder);

    public void CreateFolder(string path) => _files.CreateFolder(path);

    private void Refuse()
    {
        if (Interlocked.Decrement(ref _refusals) >= 0)
        {
            throw new IOException("Too many open files", TooManyOpenFiles);
        }
    }

    private sealed class Limited(FailingFiles disk, FileStream inner) : Stream
    {
        public FileStream Inner => inner;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (disk.Space is { } space)
            {
                // As a real disk: what fits is written.
                int fits = (int)Math.Min(space, count);
                inner.Write(buffer, offset, fits);
                disk.Space = space - fits;
                if (fits < count)
                {
                    throw new IOException("No space left on device", NoSpace);
                }

                return;
            }

            inner.Write(buffer, offset, count);
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
