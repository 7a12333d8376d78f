using OrleansDDM.Learning.Imaging;

using SkiaSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Imaging;

public sealed class ImageGridTests
{
    private static readonly SKColor White = new(255, 255, 255);

    [Fact]
    public void Grid_shows_each_pixel_as_a_square_at_its_place()
    {
        // Three grey images of 2 x 3 pixels, two columns, scale 4; gaps of 2.
        float[] images = [.. Enumerable.Range(0, 18).Select(i => (i * 15 / 127.5f) - 1)];
        using SKBitmap picture = SKBitmap.Decode(ImageGrid.Encode(images, 1, 2, 3, columns: 2, scale: 4));
        Assert.Equal((2 + (2 * 14), 2 + (2 * 10)), (picture.Width, picture.Height));
        for (int i = 0; i < 18; i++)
        {
            int left = 2 + (i / 6 % 2 * 14) + (i % 3 * 4);
            int top = 2 + (i / 12 * 10) + (i % 6 / 3 * 4);
            var grey = new SKColor((byte)(15 * i), (byte)(15 * i), (byte)(15 * i));
            for (int p = 0; p < 16; p++)
            {
                Assert.Equal(grey, picture.GetPixel(left + (p % 4), top + (p / 4)));
            }
        }

        Assert.Equal(White, picture.GetPixel(0, 0));
        Assert.Equal(White, picture.GetPixel(20, 15));
    }

    [Fact]
    public void Colour_planes_become_red_green_and_blue_and_are_clipped()
    {
        // One image of 1 x 2 pixels: planes red (1, -1), green (-7, 7), blue (0.5, -0.5).
        using SKBitmap picture = SKBitmap.Decode(ImageGrid.Encode([1, -1, -7, 7, 0.5f, -0.5f], 3, 1, 2, columns: 1));
        Assert.Equal(new SKColor(255, 0, 191), picture.GetPixel(2, 2));
        Assert.Equal(new SKColor(0, 255, 64), picture.GetPixel(3, 2));
    }

    [Fact]
    public void Titles_are_inked_beside_their_rows_with_letters_that_differ()
    {
        var images = new float[2 * 16 * 16];
        Array.Fill(images, 1f);
        using SKBitmap bare = SKBitmap.Decode(ImageGrid.Encode(images, 1, 16, 16, columns: 1));
        using SKBitmap titled = SKBitmap.Decode(ImageGrid.Encode(images, 1, 16, 16, columns: 1, rowTitles: ["O", "0 é"]));
        Assert.Equal(0, Ink(bare, 0, bare.Height));
        Assert.True(titled.Width > bare.Width);

        // O has 16 inked pixels in the built-in font, 0 has 19, and what it does not know is a box of 20.
        Assert.Equal(16, Ink(titled, 0, 20));
        Assert.Equal(19 + 20, Ink(titled, 20, titled.Height));
    }

    [Fact]
    public void Groups_stand_side_by_side_under_their_titles()
    {
        CaptionedRow[] rows = [new("a", [Image(-1, 2), Image(0, 1)]), new("b", [Image(-1, 1), Image(0, 3)]), new("c", [[], []])];
        using SKBitmap picture = SKBitmap.Decode(ImageGrid.RowsWithCaptions(rows, 1, 8, 8, scale: 1, groupTitles: ["r", "s"]));

        // Caption 6 + 4, first group 2 x 10, gap 12, second group 3 x 10; titles 7 + 4, three rows of 10.
        Assert.Equal((72, 41), (picture.Width, picture.Height));
        Assert.Equal(new SKColor(0, 0, 0), picture.GetPixel(10, 11));
        Assert.Equal(new SKColor(0, 0, 0), picture.GetPixel(20, 11));
        Assert.Equal(White, picture.GetPixel(20, 21));
        Assert.Equal(new SKColor(128, 128, 128), picture.GetPixel(42, 11));
        Assert.Equal(new SKColor(128, 128, 128), picture.GetPixel(62, 21));
        Assert.Equal(White, picture.GetPixel(62, 11));
    }

    [Fact]
    public void Save_writes_the_file_and_no_other_and_the_same_bytes_each_time()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string path = Path.Combine(folder.FullName, "grid.png");
            ImageGrid.Save(path, Image(0.3f, 5), 1, 8, 8, columns: 3, scale: 2, rowTitles: ["expert 0", "expert 1"]);
            Assert.Equal(ImageGrid.Encode(Image(0.3f, 5), 1, 8, 8, 3, 2, ["expert 0", "expert 1"]), File.ReadAllBytes(path));
            Assert.Equal([path], Directory.GetFiles(folder.FullName));
            Assert.StartsWith("data:image/png;base64,iVBORw0KGgo", ImageGrid.DataUri(File.ReadAllBytes(path)), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void What_cannot_be_drawn_is_refused()
    {
        Assert.Contains("Image 1", Assert.Throws<ArgumentException>(() => ImageGrid.Encode([0, float.NaN], 1, 1, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ImageGrid.Encode([0, 0, 0], 1, 1, 2, 1));
        Assert.Throws<ArgumentException>(() => ImageGrid.Encode([0, 0], 2, 1, 1, 1));
        Assert.Throws<ArgumentException>(() => ImageGrid.Encode([], 1, 1, 1, 1));
        Assert.Throws<ArgumentException>(() => ImageGrid.Encode([0, 0], 1, 1, 1, 1, rowTitles: ["one"]));
        Assert.Throws<ArgumentException>(() => ImageGrid.Encode([0, 0], 1, 1, 1, 1, scale: 100_000));
        Assert.Throws<ArgumentException>(() => ImageGrid.RowsWithCaptions([], 1, 1, 1));
        Assert.Throws<ArgumentException>(() => ImageGrid.RowsWithCaptions([new("a", [[0]]), new("b", [[0], [0]])], 1, 1, 1));
    }

    private static float[] Image(float value, int count) => [.. Enumerable.Repeat(value, count * 64)];

    private static int Ink(SKBitmap picture, int top, int bottom)
    {
        int count = 0;
        for (int i = 0; i < picture.Width * (bottom - top); i++)
        {
            count += picture.GetPixel(i % picture.Width, top + (i / picture.Width)).Red < 100 ? 1 : 0;
        }

        return count;
    }
}
