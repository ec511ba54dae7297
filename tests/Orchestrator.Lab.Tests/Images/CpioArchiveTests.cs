using System.Diagnostics;
using System.Text;
using Orchestrator.Lab.Images;

namespace Orchestrator.Lab.Tests.Images;

public sealed class CpioArchiveTests
{
    [Test]
    public void Archive_one_file_is_as_the_kernel_documents_it()
    {
        using var output = new MemoryStream();
        var archive = new CpioArchive(output);
        archive.AddFile("init", "abcde"u8);
        archive.Finish();

        // 6 + 13 x 8 characters of header, "init\0" to a multiple of four, five bytes to a multiple of four, the trailer likewise.
        var text = Encoding.ASCII.GetString(output.ToArray());
        Assert.That(text[..110], Is.EqualTo(
            "070701" + "00000001" + "000081ED" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005"
            + "00000000" + "00000000" + "00000000" + "00000000" + "00000005" + "00000000"));
        Assert.That(text[110..124], Is.EqualTo("init\0\0abcde\0\0\0"));
        Assert.That(text[234..], Is.EqualTo("TRAILER!!!\0\0\0\0"));
    }

    [Test]
    public void ParseDependency_answer_of_apt_names_the_real_package()
    {
        const string answer = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n  Recommends: apparmor\n";

        Assert.That(GuestImageBuilder.ParseDependency(answer), Is.EqualTo("linux-image-6.1.0-56-cloud-amd64"));
        Assert.That(GuestImageBuilder.ParseDependency("linux-image-cloud-amd64\n"), Is.Null);
    }

    [Test]
    [Category("Libvirt")]
    public async Task EnsureAsync_two_at_once_on_an_empty_cache_make_one_image()
    {
        var cache = Directory.CreateTempSubdirectory("image-");
        try
        {
            var options = new LabOptions { CacheFolder = cache.FullName };
            var images = await Task.WhenAll(
                GuestImage.EnsureAsync(options, null, LabFixture.Deadline(300)),
                GuestImage.EnsureAsync(options, null, LabFixture.Deadline(300)));

            Assert.That(images[0], Is.EqualTo(images[1]));
            Assert.That(cache.GetDirectories().Select(d => d.Name), Has.One.StartsWith("guest-").And.Exactly(1).Items);
            Assert.That(new[] { images[0].Kernel, images[0].Initramfs, images[0].Collector }, Has.All.Matches<string>(File.Exists));
            using var collector = Process.Start(new ProcessStartInfo(images[0].Collector) { RedirectStandardError = true })!;
            Assert.That(await collector.StandardError.ReadToEndAsync(), Does.StartWith("usage:"));
        }
        finally
        {
            cache.Delete(recursive: true);
        }
    }
}
