using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Learning.Serialization;

public sealed class FileInUseTests
{
    [Fact]
    public void A_file_that_is_open_elsewhere_is_told_from_a_disk_that_fails()
    {
        string path = Path.GetTempFileName();
        try
        {
            using FileStream held = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            Assert.True(FileInUse.IsCauseOf(Assert.ThrowsAny<IOException>(() => File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))));
        }
        finally
        {
            File.Delete(path);
        }

        if (OperatingSystem.IsLinux())
        {
            Assert.True(FileInUse.IsCauseOf(new IOException("", 11)));
        }

        // A read-only file system, a full one, a broken one.
        Assert.All((int[])[30, 28, 5], code => Assert.False(FileInUse.IsCauseOf(new IOException("", code))));
    }
}
