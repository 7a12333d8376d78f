using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Learning.Imaging;

/// <summary>
/// Pictures of many images, as PNG: grids, and rows of groups with captions. Images are enlarged by whole squares, so that each
/// pixel stays visible. The same input gives the same picture on every machine.
/// </summary>
public static class ImageGrid
{
    private const int Gap = 2;
    private const int GroupGap = 12;

    /// <summary>Draws a grid, row by row, as the bytes of a PNG file.</summary>
    /// <param name="images">At least one image in [-1, 1]; values outside are clipped. // (N, C, H, W)</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="height">Height of an image in pixels.</param>
    /// <param name="width">Width of an image in pixels.</param>
    /// <param name="columns">Images in a row.</param>
    /// <param name="scale">Side of the square that shows a pixel.</param>
    /// <param name="rowTitles">One title per row, before it; null for none.</param>
    /// <exception cref="ArgumentException">Not whole images, a value that is NaN or infinite, a wrong number of titles, or too large a picture.</exception>
    public static byte[] Encode(
        float[] images, int channels, int height, int width, int columns, int scale = 1, IReadOnlyList<string>? rowTitles = null)
    {
        int count = Check(images, channels, height, width, scale);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (count == 0)
        {
            throw new ArgumentException("A grid needs at least one image.", nameof(images));
        }

        int rows = (count + columns - 1) / columns;
        if (rowTitles is not null && rowTitles.Count != rows)
        {
            throw new ArgumentException($"{rowTitles.Count} titles do not fit {rows} rows.", nameof(rowTitles));
        }

        int size = channels * height * width;
        CaptionedRow[] lines = [.. Enumerable.Range(0, rows).Select(r => new CaptionedRow(
            rowTitles?[r] ?? "", [images[(r * columns * size)..Math.Min((r + 1) * columns * size, images.Length)]]))];
        return Draw(lines, [Math.Min(columns, count)], null, channels, height, width, scale);
    }

    /// <summary>Draws a grid and writes it to <paramref name="path"/>; the file is there whole or not at all.</summary>
    /// <inheritdoc cref="Encode"/>
    public static void Save(
        string path, float[] images, int channels, int height, int width, int columns, int scale = 1, IReadOnlyList<string>? rowTitles = null) =>
        AtomicFile.Write(path, Encode(images, channels, height, width, columns, scale, rowTitles));

    /// <summary>Draws rows of groups, e.g. real images of a cluster beside samples of its expert, as the bytes of a PNG file.</summary>
    /// <param name="rows">At least one row; all have the same number of groups.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="height">Height of an image in pixels.</param>
    /// <param name="width">Width of an image in pixels.</param>
    /// <param name="scale">Side of the square that shows a pixel.</param>
    /// <param name="groupTitles">One title per group, above its column; null for none.</param>
    /// <exception cref="ArgumentException">Not whole images, a value that is NaN or infinite, unequal numbers of groups, or too large a picture.</exception>
    public static byte[] RowsWithCaptions(
        IReadOnlyList<CaptionedRow> rows, int channels, int height, int width, int scale = 1, IReadOnlyList<string>? groupTitles = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int groups = rows.Count == 0 ? 0 : rows[0].Groups.Count;
        if (groups == 0 || rows.Any(row => row.Groups.Count != groups) || (groupTitles is not null && groupTitles.Count != groups))
        {
            throw new ArgumentException($"The picture needs rows with {Math.Max(groups, 1)} groups each, and as many titles.", nameof(rows));
        }

        int[] columns = [.. Enumerable.Range(0, groups).Select(g => rows.Max(row => Check(row.Groups[g], channels, height, width, scale)))];
        return Draw(rows, columns, groupTitles, channels, height, width, scale);
    }

    /// <summary>A PNG file as a <c>data:</c> address, for reports of one file.</summary>
    public static string DataUri(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);

    private static byte[] Draw(
        IReadOnlyList<CaptionedRow> rows, int[] columns, IReadOnlyList<string>? groupTitles, int channels, int height, int width, int scale)
    {
        int size = channels * height * width;
        int text = Math.Max(1, Math.Min(2, height * scale / (2 * PixelFont.Height)));
        int captions = rows.Max(row => row.Caption.Length) * PixelFont.Advance * text;
        int left = captions == 0 ? Gap : captions + (2 * Gap);
        int top = groupTitles is null ? Gap : (PixelFont.Height * text) + (2 * Gap);
        long stepX = ((long)width * scale) + Gap;
        long stepY = Math.Max((long)height * scale, captions == 0 ? 0 : PixelFont.Height * text) + Gap;

        // A group is at least as wide as its title.
        long[] widths = [.. columns.Select((count, g) => Math.Max(count * stepX, (groupTitles?[g].Length ?? 0) * PixelFont.Advance * text))];
        var canvas = new Canvas(left + widths.Sum() + ((columns.Length - 1) * GroupGap), top + (rows.Count * stepY));
        for (int r = 0; r < rows.Count; r++)
        {
            int y = (int)(top + (r * stepY));
            canvas.Text(rows[r].Caption, Gap, (int)(y + ((stepY - Gap - (PixelFont.Height * text)) / 2)), text);
            int x = left;
            for (int g = 0; g < columns.Length; g++)
            {
                for (int i = 0; i < rows[r].Groups[g].Length / size; i++)
                {
                    canvas.Image(rows[r].Groups[g].AsSpan(i * size, size), channels, height, width, (int)(x + (i * stepX)), y, scale);
                }

                if (r == 0 && groupTitles is not null)
                {
                    canvas.Text(groupTitles[g], x, Gap, text);
                }

                x += (int)widths[g] + GroupGap;
            }
        }

        return canvas.Png();
    }

    /// <summary>Number of images, after a check.</summary>
    private static int Check(float[] images, int channels, int height, int width, int scale)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (channels is not (1 or 3))
        {
            throw new ArgumentException($"Images of {channels} channels cannot be shown; 1 (grey) or 3 (colour) can.", nameof(channels));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        int size = channels * height * width;
        if (images.Length % size != 0)
        {
            throw new ArgumentException($"{images.Length} values are not whole images of ({channels}, {height}, {width}).", nameof(images));
        }

        int bad = Array.FindIndex(images, value => !float.IsFinite(value));
        return bad < 0
            ? images.Length / size
            : throw new ArgumentException($"Image {bad / size} has the value {images[bad]}; only finite values can be shown (did sampling diverge?).", nameof(images));
    }
}
