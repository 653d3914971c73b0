use super::*;

fn bounds() -> ArchiveBounds {
    ArchiveBounds { quota_bytes: 1 << 20, free_bytes_min: 0, file_bytes_max: 1000 }
}

fn archive() -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&folder.path().join("media"), bounds()).unwrap();
    (folder, archive)
}

async fn keep(archive: &Archive, content: &[u8]) -> crate::media::incoming::Kept {
    let mut incoming = archive.begin().await.unwrap();
    incoming.write(content).await.unwrap();
    incoming.keep().await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn a_file_is_kept_by_its_content_and_for_its_owner_alone() {
    let (_folder, archive) = archive();

    let kept = keep(&archive, b"hello").await;

    assert_eq!(kept.hash.as_str(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!(archive.read(&kept.hash).await.unwrap().unwrap(), "hello");
    let path = archive.path_of(&kept.hash);
    assert!(path.ends_with(format!("2c/{}", kept.hash.as_str())));
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(mode(&archive.0.folder), 0o700);
}

#[tokio::test]
async fn the_same_content_twice_is_one_file() {
    let (_folder, archive) = archive();

    let (one, other) = (keep(&archive, b"same").await, keep(&archive, b"same").await);

    assert_eq!(one, other);
    assert_eq!(archive.used_bytes(), 4);
    assert_eq!(files_below(&archive.0.folder), 1);
}

#[tokio::test]
async fn a_file_too_large_and_one_given_up_leave_nothing() {
    let (_folder, archive) = archive();
    let mut incoming = archive.begin().await.unwrap();
    incoming.write(&[0; 900]).await.unwrap();

    let refused = incoming.write(&[0; 101]).await.unwrap_err();

    assert_eq!(refused.reason().code, ReasonCode::FileTooLarge);
    fs::write(incoming.thumb_path(), b"a small picture").unwrap();
    drop(incoming);
    assert_eq!((files_below(&archive.0.folder), archive.used_bytes()), (0, 0));
}

#[tokio::test]
async fn a_full_archive_takes_nothing_more_until_something_goes() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path(), ArchiveBounds { quota_bytes: 10, ..bounds() }).unwrap();
    let kept = keep(&archive, b"12345").await;
    let mut incoming = archive.begin().await.unwrap();
    incoming.write(b"another").await.unwrap();

    let refused = incoming.keep().await.unwrap_err();

    assert_eq!(refused.reason().code, ReasonCode::FilesFull);
    assert_eq!(files_below(folder.path()), 1);
    archive.remove(&kept.hash).await.unwrap();
    keep(&archive, b"another").await;
    assert_eq!(archive.used_bytes(), 7);
}

#[tokio::test]
async fn a_disk_that_is_almost_full_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path(), ArchiveBounds { free_bytes_min: u64::MAX, ..bounds() }).unwrap();

    assert!(archive.is_full());
    assert_eq!(archive.begin().await.err().unwrap().reason().code, ReasonCode::FilesFull);
}

#[tokio::test]
async fn a_start_counts_what_is_there_and_removes_what_was_half_written() {
    let (folder, archive) = archive();
    let kept = keep(&archive, b"hello").await;
    let thumb = archive.thumb_path_of(&kept.hash);
    fs::write(&thumb, b"small").unwrap();
    fs::write(archive.0.folder.join("incoming/7"), b"half").unwrap();
    let orphan = archive.0.folder.join(format!("2c/2c{}{THUMB}", "0".repeat(62)));
    fs::write(&orphan, b"of nothing").unwrap();

    let again = Archive::open(&folder.path().join("media"), bounds()).unwrap();

    assert_eq!(again.used_bytes(), 10);
    assert_eq!(files_below(&again.0.folder), 2);
    assert!(again.has_thumb(&kept.hash).await && !orphan.exists());
}

#[tokio::test]
async fn what_the_workshop_wrote_is_kept_with_its_thumbnail() {
    let (_folder, archive) = archive();
    let mut incoming = archive.begin().await.unwrap();
    fs::write(incoming.path(), b"written by another").unwrap();
    fs::write(incoming.thumb_path(), b"small").unwrap();

    incoming.reread().await.unwrap();
    let kept = incoming.keep().await.unwrap();

    assert_eq!(archive.read(&kept.hash).await.unwrap().unwrap(), "written by another");
    let (mut thumb, bytes) = archive.open_thumb(&kept.hash).await.unwrap().unwrap();
    let mut read = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut thumb, &mut read).await.unwrap();
    assert_eq!((&*read, bytes, archive.used_bytes()), (&b"small"[..], 5, 23));
    archive.remove(&kept.hash).await.unwrap();
    assert_eq!((files_below(&archive.0.folder), archive.used_bytes()), (0, 0));
}

#[tokio::test]
async fn what_was_just_kept_again_is_not_cleaned_up() {
    let (_folder, archive) = archive();
    let kept = keep(&archive, b"hello").await;
    let of = |page: Vec<OnDisk>| page.first().unwrap().kept_at;
    let first = of(archive.all(None, 10).await.unwrap());

    assert!(!archive.remove_if_kept_before(&kept.hash, first).await.unwrap());
    let later = first.plus(std::time::Duration::from_millis(1));
    assert!(archive.remove_if_kept_before(&kept.hash, later).await.unwrap());
    assert!(!archive.remove_if_kept_before(&kept.hash, later).await.unwrap(), "it is gone");
    assert!(archive.read(&kept.hash).await.unwrap().is_none());
}

#[tokio::test]
async fn everything_is_listed_page_by_page() {
    let (_folder, archive) = archive();
    let mut hashes = Vec::new();
    for number in 0..20_u8 {
        hashes.push(keep(&archive, &[number]).await.hash);
    }
    hashes.sort();

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = archive.all(after, 7).await.unwrap();
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        after = Some(last.hash.clone());
        seen.extend(page.into_iter().map(|file| file.hash));
    }

    assert_eq!(seen, hashes);
}
